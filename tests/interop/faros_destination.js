// The production destination of Faros, as it is.
require('airbyte-faros-destination').mainCommand().parseAsync(process.argv);
