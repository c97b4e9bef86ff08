"""SCORM 2004 courses at play: events in, sequencing asked, what is shown next and what it comes to."""
