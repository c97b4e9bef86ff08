"""Reading `imsmanifest.xml` as authoring tools really write it."""
