"""SCORM 1.2 courses of several SCOs: what opens what, where to go next, and what it all comes to."""
