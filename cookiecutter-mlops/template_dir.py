"""A Jinja global for the hook stubs: the template's folder, which cookiecutter and cruft make the working directory."""

import os

from jinja2.ext import Extension


class TemplateDir(Extension):
    """Add `template_dir()`, asked for at render time so that two checkouts in one process do not mix."""

    def __init__(self, environment):
        super().__init__(environment)
        environment.globals["template_dir"] = os.getcwd
