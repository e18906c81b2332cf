"""A PTP-locked AES67 / ST 2110-30 audio source.

The layers, from the bottom up; a module imports only from its own layer and from those before it:

``errors``, ``monotonic``, ``units``, ``winapi``, ``console`` → ``wire`` (bytes and text) → ``model`` (records) →
``config``, ``logic`` (sans-I/O) → ``gst`` (the only importer of ``gi``), ``net`` (the only importer of ``socket``) →
``engine``, ``supervisor``, ``doctor``, ``ui``, ``verify``, ``wizard``, ``service`` → ``cli``.
"""
