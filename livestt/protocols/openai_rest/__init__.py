"""OpenAI's REST dialect: files to text under ``/v1/audio``, and ``/v1/models``.

::

    request     what a client asks for in a form
    answer      a finished recording in one of the formats
    stream      a recording in the making, as server-sent events
    models      which models there are
"""
