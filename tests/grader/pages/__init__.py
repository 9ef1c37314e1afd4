"""From the document of a run to its reader; reads words alone."""
