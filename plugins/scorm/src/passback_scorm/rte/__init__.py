"""The run-time environment: the data model of each version of the standard as one table, and what holds to it.

The same table drives the browser's API (`static/datamodel.js`, which gets it inlined) and the server's validation.
"""
