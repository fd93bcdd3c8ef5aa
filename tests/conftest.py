"""What all tests share.

``HYPOTHESIS_PROFILE=thorough`` makes tests of properties try ten thousand examples each.
"""

import os

from hypothesis import settings

pytest_plugins = ["pytester"]

settings.register_profile("usual", max_examples=300, deadline=None)
settings.register_profile("thorough", max_examples=10_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "usual"))
