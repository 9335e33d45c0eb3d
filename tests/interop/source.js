// A source on the Faros CDK (Apache-2.0): one incremental stream of rows with awkward values.
const {
  AirbyteConnector, AirbyteSourceBase, AirbyteSourceLogger, AirbyteSourceRunner, AirbyteSpec, AirbyteStreamBase,
} = require('faros-airbyte-cdk');

class Labels extends AirbyteStreamBase {
  constructor(logger, until) { super(logger); this.until = until; }
  get name() { return 'interop__github__faros_labels'; }
  get primaryKey() { return 'id'; }
  get cursorField() { return 'id'; }
  get supportsIncremental() { return true; }
  get stateCheckpointInterval() { return 100; }
  getJsonSchema() { return {type: 'object', properties: {id: {type: 'integer'}, name: {type: 'string'}}}; }
  async *readRecords(mode, cursorField, slice, state) {
    for (let id = (state?.id ?? 0) + 1; id <= this.until; id++) {
      yield {
        id, name: `label ${id} \u2028 caf\u00e9 \ud83d\ude00 \ud800`, org: 'acme', repo: 'r"\\', ratio: id / 3, big: 1e300,
        empty: {}, list: [null, true, '{"type":"STATE"}'], text: 'x'.repeat(id % 3000),
      };
    }
  }
  getUpdatedState(state, row) { return {id: row.id}; }
}

class Source extends AirbyteSourceBase {
  get type() { return 'interop'; }
  async spec() {
    return new AirbyteSpec({connectionSpecification: {type: 'object', required: ['until', 'token'], properties: {
      until: {type: 'integer'}, token: {type: 'string', airbyte_secret: true}}}});
  }
  async checkConnection() { return [true, undefined]; }
  streams(config) { return [new Labels(this.logger, config.until)]; }
  // This CDK knows the bare blob of LEGACY states; a platform of today gives the array form.
  async onBeforeRead(config, catalog, state) {
    return {config, catalog, state: Array.isArray(state) ? state[0]?.data : state};
  }
}

const logger = new AirbyteSourceLogger();
new AirbyteSourceRunner(logger, new Source(logger)).mainCommand().parseAsync(process.argv);
