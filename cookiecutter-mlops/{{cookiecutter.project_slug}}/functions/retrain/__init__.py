"""The gatekeeper: every start of training asks it."""
