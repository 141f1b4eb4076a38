/* SPDX-License-Identifier: LGPL-2.1-or-later */

const KINDS = { microphone: 'audio', camera: 'video' };
const DEVICE_CONSTRAINTS = {
  microphone: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  camera: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } },
};
const SCREEN_CONSTRAINTS = { video: { frameRate: { ideal: 15, max: 30 } }, audio: true };

/**
 * Opens microphone, camera or both, as Salon likes them, with one question to the person.
 * @param {{microphone?: true|string, camera?: true|string}} wanted - true, or a deviceId of `enumerateDevices`
 * @returns {Promise<{microphone?: MediaStreamTrack, camera?: MediaStreamTrack}>} rejected with the DOMException of
 *   getUserMedia: OverconstrainedError when a device of that id is gone; NotSupportedError where the browser gives no
 *   devices at all, as on insecure origins
 */
export async function openDevices(wanted) {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new DOMException('Devices are not available on an insecure origin.', 'NotSupportedError');
  }
  const constraints = {};
  for (const [source, device] of Object.entries(wanted)) {
    const deviceId = device === true ? {} : { deviceId: { exact: device } }; // "ideal" is too little for Chromium.
    constraints[KINDS[source]] = { ...DEVICE_CONSTRAINTS[source], ...deviceId };
  }
  const stream = await navigator.mediaDevices.getUserMedia(constraints);
  const tracks = { microphone: stream.getAudioTracks()[0], camera: stream.getVideoTracks()[0] };
  return Object.fromEntries(Object.keys(wanted).map((source) => [source, tracks[source]]));
}

/** Asks the person what to show. */
export function openScreen() {
  return navigator.mediaDevices.getDisplayMedia(SCREEN_CONSTRAINTS);
}
