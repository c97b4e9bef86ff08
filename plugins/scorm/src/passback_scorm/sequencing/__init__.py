"""SCORM 2004 sequencing (ADL SN 4th edition, after IMS Simple Sequencing 1.0), free of Flask and of the database.

Modules and functions carry the numbers of the specification's processes: OP overall, NB navigation, TB termination,
RB rollup, SR selection and randomisation, SB sequencing requests, DB delivery, UP utility.
"""
