//! YAML packs to the compiled model: read, resolve, check, lower; findings with file, line, column and remedy.
