"""One module for each AWS service: what it declares in any format, as neutral records of `router.importing.plan`."""
