// Cannot be loaded: it is not JavaScript.

exports.handler = async ( => 1;
