"""Voice profiles: kept if the operator wants it, compared with the speakers of sessions and files.

::

    book        the profiles in memory, as sessions compare with them
    surface     ``/voices``
"""
