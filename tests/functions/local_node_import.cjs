// Cannot be loaded: a module of its own is missing.

require("module-that-is-not-there");
