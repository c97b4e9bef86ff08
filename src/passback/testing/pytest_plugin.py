"""The pytest plugin that comes with Passback (entry point `pytest11`): fixtures for plugin authors."""
