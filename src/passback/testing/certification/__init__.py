"""What 1EdTech asks of a certified LTI Advantage tool and what we ask beyond it: data and small functions.

`passback certify` and `tests/conformance/lti` run the same cases.
"""

from passback.testing.certification.catalogue import CASES, PARTS, find_cases
from passback.testing.certification.installation import Installation, open_installation
from passback.testing.certification.running import Evidence, run_case

__all__ = ["CASES", "PARTS", "Evidence", "Installation", "find_cases", "open_installation", "run_case"]
