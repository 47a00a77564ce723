// Print a compose file as balena's own builder understands it, or end with its complaint.
'use strict';

const { normalize, parse } = require('@balena/compose/dist/parse');
const yaml = require('js-yaml');

const composition = normalize(yaml.load(require('fs').readFileSync(0, 'utf8')));
process.stdout.write(JSON.stringify({ composition, images: parse(composition) }));
