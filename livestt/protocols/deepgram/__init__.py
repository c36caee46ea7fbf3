"""The Deepgram dialect: ``WS /v1/listen``, ``POST /v1/listen`` and Flux, ``WS /v2/listen``.

::

    query          what a client asks for in the address
    control        what it says in text frames
    words          how words are written
    about          who answers: metadata, refusals
    live           a session's events as Results, SpeechStarted and UtteranceEnd
    flux_query     what a client of Flux asks for
    flux           a session's events as turns
    prerecorded    a finished transcript as one answer
"""
