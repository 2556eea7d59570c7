"""The edits, by what they are about: the same names as the rules that they break."""

from tests.policy.mutations.builds import BUILDS
from tests.policy.mutations.encryption import ENCRYPTION
from tests.policy.mutations.events import EVENTS
from tests.policy.mutations.functions import FUNCTIONS
from tests.policy.mutations.identity import IDENTITY
from tests.policy.mutations.network import NETWORK
from tests.policy.mutations.notebooks import NOTEBOOKS
from tests.policy.mutations.storage import STORAGE

MUTATIONS = [*IDENTITY, *ENCRYPTION, *STORAGE, *BUILDS, *EVENTS, *FUNCTIONS, *NETWORK, *NOTEBOOKS]
