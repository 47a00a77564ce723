#!/usr/bin/env node
// Start Edge Impulse's own client with its key from the environment: the client takes it from its command
// line alone, and that can be read by everybody on the machine. What is added here only this process sees.
'use strict';

const os = require('os');

if (process.env.EI_API_KEY_IMAGE) {
    process.argv.push('--api-key', process.env.EI_API_KEY_IMAGE);
    delete process.env.EI_API_KEY_IMAGE; // its own children need no key
}

// The client names a device after its network card's address. In containers that is often the same
// one on every device: Studio would take a fleet for a single device. So it is made of the uuid.
const digits = (process.env.PARKING_DEVICE_UUID || '').replace(/[^0-9a-f]/gi, '').slice(0, 10).toLowerCase();
if (digits.length === 10) {
    const mac = ['02', ...digits.match(/../g)].join(':'); // 02: an address that no factory gave
    const interfaces = os.networkInterfaces();
    const card = Object.keys(interfaces).find((name) => interfaces[name].some((one) => !one.internal));
    const addresses = card ? interfaces[card].map((one) => ({ ...one, mac })) : [];
    os.networkInterfaces = () => (card ? { [card]: addresses } : {});
}

// The client gives the camera back on SIGINT; a container is stopped with SIGTERM.
process.on('SIGTERM', () => process.emit('SIGINT') || process.exit(0));

require('edge-impulse-linux/build/cli/linux/linux.js');
