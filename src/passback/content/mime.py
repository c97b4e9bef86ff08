"""Media types of package files: our own table, so that a server's or an operating system's does not decide."""

_TYPES = {
    "text/html": "html htm xhtm",
    "application/xhtml+xml": "xhtml xht",
    "text/css": "css",
    "text/javascript": "js mjs cjs jsm",
    "application/json": "json map topojson",
    "application/manifest+json": "webmanifest",
    "application/wasm": "wasm",
    "application/xml": "xml xsl xslt xsd dtd",
    "text/plain": "txt log md srt ini",
    "text/csv": "csv",
    "text/vtt": "vtt",
    "application/ttml+xml": "ttml dfxp",
    "image/svg+xml": "svg",
    "image/png": "png",
    "image/apng": "apng",
    "image/jpeg": "jpg jpeg jpe jfif",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/bmp": "bmp",
    "image/tiff": "tif tiff",
    "image/x-icon": "ico cur",
    "font/woff": "woff",
    "font/woff2": "woff2",
    "font/ttf": "ttf",
    "font/otf": "otf",
    "font/collection": "ttc",
    "application/vnd.ms-fontobject": "eot",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/aac": "aac",
    "audio/ogg": "oga ogg opus",
    "audio/wav": "wav",
    "audio/webm": "weba",
    "audio/flac": "flac",
    "audio/midi": "mid midi",
    "video/mp4": "mp4 m4v",
    "video/webm": "webm",
    "video/ogg": "ogv",
    "video/quicktime": "mov qt",
    "video/x-flv": "flv f4v",
    "video/x-ms-wmv": "wmv",
    "video/x-msvideo": "avi",
    "video/mpeg": "mpg mpeg",
    "video/mp2t": "ts",
    "application/vnd.apple.mpegurl": "m3u8",
    "application/dash+xml": "mpd",
    "application/pdf": "pdf",
    "application/rtf": "rtf",
    "application/zip": "zip",
    "application/epub+zip": "epub",
    "application/msword": "doc dot",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt pps",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.openxmlformats-officedocument.presentationml.slideshow": "ppsx",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "application/x-shockwave-flash": "swf",
    "model/gltf+json": "gltf",
    "model/gltf-binary": "glb",
    "text/calendar": "ics",
}
_BY_EXTENSION = {extension: kind for kind, extensions in _TYPES.items() for extension in extensions.split()}
UNKNOWN = "application/octet-stream"


def media_type(path: str) -> str:
    """Return the media type of a file by its name.

    Never with a charset: HTML says its own, or is in the old encoding that its author's browser took for granted;
    styles and scripts follow their page. JSON and WebVTT are always UTF-8.
    """
    extension = path.rsplit("/", 1)[-1].rpartition(".")[2].lower() if "." in path.rsplit("/", 1)[-1] else ""
    return _BY_EXTENSION.get(extension, UNKNOWN)
