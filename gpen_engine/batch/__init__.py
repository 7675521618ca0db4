"""Thousands of pictures: on one machine, or on the workers of a Ray cluster.

``sources`` finds the pictures; ``run`` says which are still to be done and puts results in their
places by the ``journal``. In between stands ``local`` or ``cluster``, which both do ``work``.
"""
