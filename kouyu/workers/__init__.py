"""Functions that run in a process of their own with limits of processor time, wall-clock time, memory and output.

For what others sent and a parser has to take apart: documents, recordings, templates. Whatever such a file makes the
parser do, it takes neither the event loop nor the server's memory with it.
"""
