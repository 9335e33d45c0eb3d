// A destination on the Faros CDK (Apache-2.0): keeps the rows in a file and returns every state.
const fs = require('fs');
const readline = require('readline');
const {AirbyteDestination, AirbyteDestinationRunner, AirbyteLogger, AirbyteSpec, parseAirbyteMessage} = require('faros-airbyte-cdk');

class Destination extends AirbyteDestination {
  async spec() {
    return new AirbyteSpec({connectionSpecification: {type: 'object', required: ['path'], properties: {path: {type: 'string'}}}});
  }
  async check() { return {type: 'CONNECTION_STATUS', connectionStatus: {status: 'SUCCEEDED'}}; }
  async *write(config, redacted, catalog, stdin) {
    const out = fs.openSync(config.path, 'a');
    for await (const line of readline.createInterface({input: stdin})) {
      const message = parseAirbyteMessage(line);
      if (message.type === 'RECORD') fs.writeSync(out, JSON.stringify(message.record.data) + '\n');
      if (message.type === 'STATE') { fs.fsyncSync(out); yield message; }
    }
    fs.closeSync(out);
  }
}

const logger = new AirbyteLogger();
new AirbyteDestinationRunner(logger, new Destination()).mainCommand().parseAsync(process.argv);
