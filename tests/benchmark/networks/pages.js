/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What runs in the pages of those who call: each function by itself, so that it can be handed to the browser. A page
 * publishes or watches, and is empty otherwise: pictures are decoded, but not drawn. */

/* window.received: [{ at, width }], each picture as it is handed to be shown. Sound is played, or nobody would ask for
 * it. */
export function prepareToWatch() {
  window.received = [];
  window.watched = [];
  window.takeTrack = async (track) => {
    if (track.kind === 'audio') {
      await Object.assign(new Audio(), { srcObject: new MediaStream([track]) }).play();
      return;
    }
    const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
    for (;;) {
      const { value: frame, done } = await reader.read();
      if (done)
        return;
      window.received.push({ at: performance.now(), width: frame.displayWidth });
      frame.close();
    }
  };
}

/* What came in until now. */
export async function readTotals() {
  const totals = { at: performance.now(), samples: 0, concealed: 0, bytes: 0, waitedS: 0, shown: 0 };
  for (const connection of window.watched) {
    for (const report of [...(await connection.getStats()).values()].filter(({ type }) => type === 'inbound-rtp')) {
      totals.bytes += report.bytesReceived + report.headerBytesReceived;
      totals.samples += report.totalSamplesReceived ?? 0;
      totals.concealed += report.concealedSamples ?? 0;
      if (report.kind === 'video') {
        totals.waitedS += report.jitterBufferDelay ?? 0;
        totals.shown += report.jitterBufferEmittedCount ?? 0;
      }
    }
  }
  return totals;
}

/* Payload types of what is sent again. */
export function readRtxTypes() {
  return window.watched.flatMap(({ remoteDescription }) =>
    [...(remoteDescription?.sdp ?? '').matchAll(/^a=rtpmap:(\d+) rtx\//gm)].map(([, type]) => Number(type)));
}

/* -- Salon: by the library that its own page uses -- */

export async function publishToSalon({ server, room }) {
  const { Salon } = await import(new URL('/static/salon.js', server));
  const salon = new Salon({ server, room, name: 'publisher', microphone: true, camera: true });
  window.salon = salon;
  const failed = new Promise((_, reject) => salon.addEventListener('error', ({ detail }) => reject(detail.error)));
  const areOn = new Promise((resolve) => salon.addEventListener('local-track', () => {
    if (salon.isOn('microphone') && salon.isOn('camera'))
      resolve();
  }));
  await salon.join();
  await Promise.race([areOn, failed]);
}

export async function watchOnSalon({ server, room }) {
  const { Salon } = await import(new URL('/static/salon.js', server));
  const salon = new Salon({ server, room, name: 'viewer' });
  window.salon = salon;
  salon.addEventListener('track-subscribed', ({ detail }) => {
    window.watched = [...salon.peerConnections].filter(([target]) => target > 0).map(([, connection]) => connection);
    window.takeTrack(detail.mediaStreamTrack);
  });
  await salon.join();
}

/* -- Janus: as with janus.js, a session, and a handle to publish on or to watch with -- */

/* janus(): { request (body, jsep), onOffer }. Candidates stand in the descriptions, and lead where throughLink says. */
export function prepareForJanus() {
  const KEEPALIVE_MS = 25_000;
  window.openJanus = async (host) => {
    const socket = new WebSocket(`ws://${host}/`, 'janus-protocol');
    await new Promise((resolve, reject) => Object.assign(socket, { onopen: resolve, onerror: reject }));
    const waiting = new Map();
    const ids = {};
    let last = 0;
    const send = (message) => socket.send(JSON.stringify({ transaction: String(++last), ...ids, ...message }));
    const request = (message) => new Promise((resolve, reject) => {
      send(message);
      waiting.set(String(last), { resolve, reject });
    });
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      const problem = message.error?.reason ?? message.plugindata?.data?.error;
      const asked = waiting.get(message.transaction);
      if (message.janus === 'ack' || !asked)
        return;
      waiting.delete(message.transaction);
      if (problem)
        asked.reject(new Error(problem));
      else
        asked.resolve(message);
    };
    ids.session_id = (await request({ janus: 'create' })).data.id;
    ids.handle_id = (await request({ janus: 'attach', plugin: 'janus.plugin.videoroom' })).data.id;
    setInterval(() => send({ janus: 'keepalive', handle_id: undefined }), KEEPALIVE_MS);
    return {
      request: (body, jsep) => request({ janus: 'message', body, ...(jsep && { jsep }) }),
      /* There are no more candidates. */
      complete: () => send({ janus: 'trickle', candidate: { completed: true } }),
    };
  };
  /* Ours are not told: Janus would go past the link. */
  window.ownDescription = async (connection, type) => {
    await connection.setLocalDescription();
    return { type, sdp: connection.localDescription.sdp.replace(/^a=candidate:.*\r\n/gm, '') };
  };
}

/* encodings: as of addTransceiver, for the camera. Returns: its feed. */
export async function publishToJanus({ host, room, encodings }) {
  const janus = await window.openJanus(host);
  const connection = new RTCPeerConnection();
  const devices = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  connection.addTransceiver(devices.getAudioTracks()[0], { direction: 'sendonly' });
  connection.addTransceiver(devices.getVideoTracks()[0], { direction: 'sendonly', sendEncodings: encodings });
  const offer = await window.ownDescription(connection, 'offer');
  const { jsep, plugindata } = await janus.request({ request: 'joinandconfigure', room, ptype: 'publisher' }, offer);
  await connection.setRemoteDescription({ type: 'answer', sdp: await window.throughLink(jsep.sdp) });
  janus.complete();
  window.published = connection;
  return plugindata.data.id;
}

export async function watchOnJanus({ host, room, feed }) {
  const janus = await window.openJanus(host);
  const connection = new RTCPeerConnection();
  window.watched = [connection];
  connection.ontrack = ({ track }) => window.takeTrack(track);
  const { jsep } = await janus.request({ request: 'join', room, ptype: 'subscriber', streams: [{ feed }] });
  await connection.setRemoteDescription({ type: 'offer', sdp: await window.throughLink(jsep.sdp) });
  await janus.request({ request: 'start', room }, await window.ownDescription(connection, 'answer'));
  janus.complete();
}
