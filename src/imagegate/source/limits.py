"""How much an image may make us read: reaching a limit is evidence, never silence."""

LAYERS = 256  # engines stop at 128 or soon after
MEMBERS = 2_000_000  # entries of one layer
NAME = 4096  # bytes of a path (PATH_MAX of Linux)
EXTENSION = 1 << 20  # bytes of one PAX or GNU long-name header (Go's archive/tar has the same limit)
EXTENSIONS = 128 << 20  # bytes of all of them in one archive
UNPACKED = 64 << 30  # bytes of one layer, uncompressed
RATIO = 1100  # uncompressed to compressed; gzip itself cannot exceed 1032
RATIO_FROM = 256 << 20  # bytes: small layers may compress as well as they like
CAPTURED = 256 << 20  # bytes of wanted files kept of one image; what is beyond costs a second pass over its layer
LOOKED = 2 << 30  # bytes of one file that is looked at where it lies, such as a binary or a jar
NOTES = 64 << 20  # bytes that are kept of what was seen in all such files of one image
HELD = 4 << 20  # bytes of a file of a stream that is looked at in memory; a larger one goes to a nameless file on disk
PASSES = 100  # such second passes over the layers of one image
PATHS = 256 << 20  # bytes of all paths and link targets of one image, with the folders that they imply
PATH = 100  # bytes that each of them counts for besides: it takes three times that in memory, however short it is
DEPTH = 256  # folders of a path
REPLACED = 100  # folders of one layer that the same layer replaces by something else
STEPS = 10_000_000  # look-ups to place a layer that writes through links
FILE = 64 << 20  # bytes of one file that is read whole
JSON = 8 << 20  # bytes of a manifest, index or configuration (OCI asks registries for at least 4 MiB)
TINY = 64 << 10  # bytes of a layer in a stream that is kept instead of scanned as it passes
KEPT = 64 << 20  # bytes of all that is kept of a stream
LINKS = 40  # symbolic links in one look-up (Linux: 40, path_resolution(7))
PLATFORMS = 100  # images of one index
NESTED = 4  # indexes inside indexes
CHUNK = 1 << 20  # bytes read at once
