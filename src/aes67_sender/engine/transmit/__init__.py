"""The packet path: one loop of machine code, its tables in shared arrays, and the thread that runs it.

Compiled: ``loop`` sends, ``timing`` knows when, ``packing`` makes a packet, ``fading`` knows how loud. ``tables`` is
what both sides see, ``libc`` the operating system. In Python: ``plan`` is what is asked for, ``transmitter`` does it
with ``stream``, ``layout`` and ``room``; ``meter`` and ``reporting`` read what the loop counts.
"""
