"""A small practice LMS: an LTI 1.3 platform to try Passback with, as strict as the strictest real one."""
