/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One bundled WebRTC transport: ICE, DTLS and SRTP by werift, below its peer connection, so that a test sees and
 * writes every RTP and RTCP packet itself. */

import {
  IceCandidate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport, RTCIceGatherer, RTCIceParameters,
  RTCIceTransport, getHostAddresses, isDtls, isMedia, isRtcp,
} from 'werift';
import { withDeadline } from './until.js';

const SRTP_PROFILES = [0x0007 /* AEAD_AES_128_GCM */, 0x0001 /* AES_CM_128_HMAC_SHA1_80 */];
const CONNECT_MS = 20000;

export class Transport {
  #ice;
  #dtls;
  #earlyDtls = [];
  #isClosed = false;
  #nat;
  #close;
  #closed = new Promise((_, reject) => { this.#close = () => reject(new Error('closed while connecting')); });

  onRtp = () => {};
  onRtcp = () => {};
  /* SRTP datagrams, decipherable or not. */
  rtpDatagrams = 0;

  /* nat (nullable): what stands between this and the server: a UdpRelay. */
  static async create({ isControlling, nat }) {
    await RTCDtlsTransport.SetupCertificate();
    return new Transport(isControlling, nat);
  }

  constructor(isControlling, nat) {
    this.#nat = nat;
    const hasNetwork = getHostAddresses(true, false).length > 0;
    const gatherer = new RTCIceGatherer({
      useIpv6: false,
      additionalHostAddresses: hasNetwork ? undefined : ['127.0.0.1'],
    });
    /* werift's default is a public STUN server. */
    gatherer.connection.stunServer = undefined;
    gatherer.connection.iceControlling = isControlling;
    this.#ice = new RTCIceTransport(gatherer);
    this.#dtls = new RTCDtlsTransport({}, this.#ice, RTCDtlsTransport.localCertificate, SRTP_PROFILES);
    this.#closed.catch(() => {});
    this.#ice.connection.onData.subscribe((data) => this.#count(data));
    this.#dtls.onRtp.subscribe((packet) => this.onRtp(packet));
    this.#dtls.onRtcp.subscribe((packet) => this.onRtcp(packet));
  }

  get ufrag() {
    return this.#ice.localParameters.usernameFragment;
  }

  get password() {
    return this.#ice.localParameters.password;
  }

  get fingerprint() {
    return this.#dtls.localParameters.fingerprints[0].value;
  }

  get isConnected() {
    return this.#dtls.state === 'connected';
  }

  get state() {
    return `ICE ${this.#ice.state}, DTLS ${this.#dtls.state}`;
  }

  /* Calls `onCandidate` with each candidate line. */
  async gather(onCandidate) {
    this.#ice.onIceCandidate.subscribe((candidate) => {
      if (candidate)
        onCandidate(`candidate:${candidate.toJSON().candidate.replace(/^candidate:/, '')}`);
    });
    await this.#ice.gather();
  }

  addRemoteCandidate(text) {
    const candidate = IceCandidate.fromJSON({ candidate: text });
    /* The server's TCP and IPv6 candidates are as good, but one is enough. */
    if (!candidate || candidate.protocol.toLowerCase() !== 'udp' || candidate.ip.includes(':'))
      return;
    if (this.#nat)
      Object.assign(candidate, { ip: this.#nat.address, port: this.#nat.port });
    this.#ice.addRemoteCandidate(candidate);
  }

  /* remote: { ufrag, password, fingerprint, isLite }; role: 'client' or 'server' of DTLS. */
  async connect(remote, role) {
    this.#ice.setRemoteParams(new RTCIceParameters({
      usernameFragment: remote.ufrag, password: remote.password, iceLite: remote.isLite,
    }));
    this.#dtls.role = role;
    this.#dtls.setRemoteParams(new RTCDtlsParameters([new RTCDtlsFingerprint('sha-256', remote.fingerprint)], 'auto'));
    const connected = this.#ice.start().then(() => {
      if (this.#isClosed)
        return undefined;
      const started = this.#dtls.start();
      this.#replayEarlyDtls();
      return started;
    });
    await withDeadline('ICE and DTLS', Promise.race([connected, this.#closed]), CONNECT_MS).catch((error) => {
      throw new Error(`${error?.message ?? error} (${this.state})`);
    });
  }

  sendRtp(header, payload) {
    if (this.isConnected)
      this.#dtls.sendRtp(payload, header);
  }

  sendRtcp(...packets) {
    if (this.isConnected)
      this.#dtls.sendRtcp(packets);
  }

  async close() {
    this.#isClosed = true;
    this.#close();
    /* What werift would go on with for half a minute although it is closed: asking for consent, and repeating a
     * handshake that nobody answers. */
    this.#ice.connection.queryConsent = () => {};
    if (this.#dtls.dtls)
      this.#dtls.dtls.dtls.flight = Infinity;
    await this.#dtls.stop();
  }

  /* Not a word more, and no good-bye either. */
  async silence() {
    await this.#ice.stop();
  }

  /* The server's first handshake message may overtake our own ICE answer; without it OpenSSL repeats after 1 s. */
  #count(data) {
    if (isDtls(data) && this.#dtls.state === 'new')
      this.#earlyDtls.push(data);
    if (isMedia(data) && !isRtcp(data))
      this.rtpDatagrams++;
  }

  #replayEarlyDtls() {
    for (const data of this.#earlyDtls.splice(0))
      this.#ice.connection.onData.execute(data);
  }
}
