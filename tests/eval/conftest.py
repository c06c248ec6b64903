import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

# no deadline: a busy machine is no bug
settings.register_profile("chatedit", max_examples=40, deadline=None)
settings.load_profile("chatedit")
