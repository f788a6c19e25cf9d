"""Where state is kept for good: on the disk, and where the config says so in object storage too.

``durable`` writes whole files or none, ``homes`` says where a folder's files are kept, ``s3`` and ``mounted``
are the places that there are, and ``copies`` brings a folder in line with its home.
"""
