/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Session descriptions that harm: each gets an error or an answer, and the process and every other call live on. Those
 * marked so did abort or wedge webrtcbin 1.22. */

import assert from 'node:assert/strict';
import * as runner from 'node:test';
import { Attacker, HonestCall, NOWHERE, arrange, dataAlone, dataChannels, edit, join, readOffer, split }
  from '../lib/attacker.js';
import { Peer } from '../lib/peer.js';
import { newRoom } from '../lib/people.js';
import { startServer } from '../lib/server.js';
import { until } from '../lib/until.js';

const { test } = runner;
const server = await startServer(runner);
const call = await HonestCall.start(runner, server);
const OFFERS = { chromium: readOffer('chromium'), firefox: readOffer('firefox') };
/* With a sanitizer, which makes each take half a second, every case once: the one browser's, or the other's. */
const IS_SANITIZED = Boolean(process.env.SALON_TEST_SANITIZED);
const casesOf = (browser, cases) => Object.entries(cases)
  .filter((_, i) => !IS_SANITIZED || i % 2 === Object.keys(OFFERS).indexOf(browser));

/* SDP -> SDP, of the section `index` (0: the session's; 1: the first m-line; null: all m-lines). */
const add = (index, ...lines) => (sdp) => edit(sdp, index, (old) => [...old, ...lines]);
const change = (index, from, to) => (sdp) => edit(sdp, index, (lines) => lines.map((line) => line.replace(from, to)));
const drop = (index, pattern) => (sdp) => edit(sdp, index, (lines) => lines.filter((line) => !pattern.test(line)));
const all = (...changes) => (sdp) => changes.reduce((text, alter) => alter(text), sdp);
const everywhere = (from, to) => (sdp) => sdp.replaceAll(from, to);
const renameMid = (to) => all(change(4, /^a=mid:3$/, `a=mid:${to}`), change(0, /^(a=group:BUNDLE 0 1 2) 3$/, `$1 ${to}`));
const firstPayloadType = (sdp, index) => split(sdp)[index][0].split(' ')[3];
const withFirstType = (index, alter) => (sdp) => alter(firstPayloadType(sdp, index), sdp);
const many = (count, line) => Array.from({ length: count }, (_, i) => line(i));

function swapFirstTwo(sdp) {
  const [session, first, second, ...rest] = split(sdp);
  return join([session, second, first, ...rest]);
}

function withDataChannel(at, mid = 'data') {
  return (sdp) => {
    const sections = split(sdp);
    sections[0] = sections[0].map((text) => text.replace(/^a=group:BUNDLE.*/, `$& ${mid}`));
    return join([...sections.slice(0, at), dataChannels(sdp, mid), ...sections.slice(at)]);
  };
}

/* Offers that can't be used: what -> how to make one. */
const REFUSED = {
  'an m-line without ICE user': drop(2, /^a=ice-ufrag/),
  'ICE users that differ': change(2, /^a=ice-ufrag:.*/, 'a=ice-ufrag:other'),
  'an ICE user with odd characters': change(null, /^a=ice-ufrag:.*/, 'a=ice-ufrag:A b%s\u{1F600}'),
  'an ICE password too short': change(null, /^a=ice-pwd:.*/, 'a=ice-pwd:short'),
  'two directions (wedged)': add(1, 'a=recvonly'),
  'no m-lines': (sdp) => join([split(sdp)[0]]),
  '33 m-lines': (sdp) => arrange(sdp, Array(33).fill(0)),
  'an m-line cut short': (sdp) => `${sdp}m=audio\r\n`,
  'an empty m-line': (sdp) => `${sdp}m=\r\n`,
  'a text m-line': change(4, /^m=audio/, 'm=text'),
  'an m-line without DTLS': change(4, 'UDP/TLS/RTP/SAVPF', 'RTP/AVP'),
  'an m-line of port 0': all(change(4, /^m=audio \d+/, 'm=audio 0'), drop(4, /^a=bundle-only/)),
  'data channels alone, of port 0': all(dataAlone, change(1, 'application 9', 'application 0')),
  'data channels alone, without ICE user': all(dataAlone, drop(null, /^a=ice-ufrag/)),
  'data channels alone, for sound': all(dataAlone, change(1, 'application', 'audio')),
  'two m-lines for data channels first': all(withDataChannel(1), withDataChannel(2, 'other')),
  'two m-lines for data channels': all(withDataChannel(5), withDataChannel(6, 'other')),
  'data channels of another protocol': all(withDataChannel(5), change(5, 'UDP/DTLS/SCTP', 'TCP/DTLS/SCTP')),
  'data channels of another format': all(withDataChannel(5), change(5, 'webrtc-datachannel', 'bfcp')),
  'data channels on another SCTP port': all(withDataChannel(5), change(5, 'sctp-port:5000', 'sctp-port:5001')),
  'data channels of port 0': all(withDataChannel(5), change(5, 'application 9', 'application 0')),
  'data channels without ICE user': all(withDataChannel(5), drop(5, /^a=ice-ufrag/)),
  'data channels by another certificate': all(withDataChannel(5), drop(5, /^a=fingerprint/),
    add(5, `a=fingerprint:sha-256 ${NOWHERE.fingerprint}`)),
  'data channels with another\'s mid': withDataChannel(5, '0'),
  'data channels that are not in the BUNDLE group': all(withDataChannel(5), change(0, / data$/, '')),
  'no mid': drop(4, /^a=mid/),
  'an empty mid': change(4, /^a=mid:.*/, 'a=mid:'),
  'a mid of 33 characters': renameMid('m'.repeat(33)),
  'a mid with a space': renameMid('a b'),
  'a mid of emoji': renameMid('\u{1F600}'),
  'a mid for printf and HTML': renameMid('%n"<b>'),
  'two mids on an m-line': add(4, 'a=mid:4'),
  'the same mid twice': change(4, /^a=mid:3/, 'a=mid:2'),
  'no BUNDLE group': drop(0, /^a=group/),
  'two BUNDLE groups': add(0, 'a=group:BUNDLE 0 1'),
  'a BUNDLE group of strangers': change(0, /^a=group:BUNDLE.*/, 'a=group:BUNDLE 7 8 9'),
  'a BUNDLE group that lacks an m-line': change(0, /^(a=group:BUNDLE 0 1 2).*/, '$1'),
  'a BUNDLE group of 30,000': change(0, /^a=group:BUNDLE/, `$&${' 0'.repeat(30000)}`),
  'no RTCP multiplexing': drop(1, /^a=rtcp-mux/),
  'setup:holdconn': change(null, 'setup:actpass', 'setup:holdconn'),
  'setup:active in an offer': change(null, 'setup:actpass', 'setup:active'),
  'setup:passive in an offer': change(null, 'setup:actpass', 'setup:passive'),
  'setups that differ': change(2, 'setup:actpass', 'setup:active'),
  'no setup': drop(null, /^a=setup/),
  'a fingerprint that is none': everywhere(/^a=fingerprint:[^\r]*/gm, 'a=fingerprint:sha-256 AA:BB'),
  'a fingerprint by SHA-1 only': everywhere(/^a=fingerprint:[^\r]*/gm, `a=fingerprint:sha-1 ${Array(20).fill('AA').join(':')}`),
  'a payload type of two codecs': withFirstType(1, (audio, sdp) => withFirstType(2, (video) =>
    edit(sdp, 2, (lines) => lines.map((line) => line.replaceAll(new RegExp(`(?<=[ :=])${video}\\b`, 'g'), audio))))(sdp)),
  'an extension id of two meanings (failed in webrtcbin)':
    change(2, /^a=extmap:\d+ (urn:ietf:params:rtp-hdrext:sdes:mid)/, 'a=extmap:1 $1'),
  'no codec that is known': (sdp) => edit(sdp, 2, (lines) => lines.filter((line) => !/VP8|VP9|H264|AV1/i.test(line))),
  'clock rate 0': change(null, /(a=rtpmap:\d+ (?:VP8|VP9|H264|AV1))\/90000/, '$1/0'),
  'clock rate 8000 (wedged)': change(null, /(a=rtpmap:\d+ (?:VP8|VP9|H264|AV1))\/90000/, '$1/8000'),
  'clock rate 2^40': change(null, /(a=rtpmap:\d+ (?:VP8|VP9|H264|AV1))\/90000/, '$1/1099511627776'),
  'no rtpmap': drop(2, /^a=rtpmap/),
  'SSRC 0': add(1, 'a=ssrc:0 cname:x'),
  'an SSRC of 40 bits': add(1, 'a=ssrc:99999999999 cname:x'),
  'a negative SSRC': add(1, 'a=ssrc:-1 cname:x'),
  'an SSRC that is no number': add(1, 'a=ssrc:x cname:x'),
  'an SSRC on two m-lines': all(add(1, 'a=ssrc:77 cname:x'), add(2, 'a=ssrc:77 cname:x')),
  '3,000 SSRCs on an m-line': add(1, ...many(900, (i) => `a=ssrc:${i + 1} cname:x`)),
  '3,000 attributes on an m-line': add(1, ...many(3000, (i) => `a=x${i}:1`)),
  '3,000 attributes in the session': add(0, ...many(3000, (i) => `a=x${i}:1`)),
};

/* Offers with something in them that is passed over. */
const ANSWERED = {
  'nothing wrong': (sdp) => sdp,
  'ICE user twice in the session (aborted)': all(drop(null, /^a=ice-(ufrag|pwd)/),
    add(0, 'a=ice-ufrag:AbUz', 'a=ice-ufrag:AbUy', `a=ice-pwd:${NOWHERE.password}`)),
  'ICE password twice in the session (aborted)': all(drop(null, /^a=ice-(ufrag|pwd)/),
    add(0, 'a=ice-ufrag:AbUz', `a=ice-pwd:${NOWHERE.password}`, `a=ice-pwd:${NOWHERE.password}`)),
  'no direction': drop(null, /^a=(sendonly|sendrecv)$/),
  'the direction in the session': all(drop(null, /^a=sendonly$/), add(0, 'a=sendonly')),
  'an m-line inactive': change(1, /^a=sendonly$/, 'a=inactive'),
  'all m-lines inactive': change(null, /^a=sendonly$/, 'a=inactive'),
  'all m-lines recvonly': change(null, /^a=sendonly$/, 'a=recvonly'),
  'setup in the session': all(drop(null, /^a=setup/), add(0, 'a=setup:actpass')),
  'an unbundled port, bundle-only': all(change(1, /^m=audio \d+/, 'm=audio 0'), add(1, 'a=bundle-only')),
  'a negative port': change(1, /^m=audio \d+/, 'm=audio -9'),
  'the BUNDLE group in another order': change(0, /BUNDLE 0 1 2 3/, 'BUNDLE 3 1 0 2'),
  'the fingerprint in session and m-lines (failed in webrtcbin)': (sdp) =>
    add(0, sdp.match(/^a=fingerprint.*$/m)[0].trim())(sdp),
  'fingerprints of several hashes': everywhere(/^a=fingerprint/gm, 'a=fingerprint:sha-1 AA:BB\r\n$&'),
  'payload types beyond all bounds': change(2, /SAVPF /, 'SAVPF -5 200 4294967296 99999999999999999999 abc '),
  'payload types repeated': withFirstType(2, (type, sdp) => change(2, /SAVPF /, `SAVPF ${`${type} `.repeat(50)}`)(sdp)),
  'retransmission of itself': change(2, /^a=fmtp:(\d+) apt=\d+/, 'a=fmtp:$1 apt=$1'),
  'retransmission of nothing': drop(2, /^a=fmtp:\d+ apt=/),
  'retransmission of a name': change(2, /apt=\d+/, 'apt=payload'),
  'parameters that name caps fields (failed in webrtcbin)': change(1, /^(a=fmtp:\d+) .*useinbandfec.*/,
    '$1 extmap-3=foo;a-mid=9;ssrc=(uint)7;payload=x;rtcp-fb-nack=no;caps=video/x-raw'),
  'a parameter of 100,000 characters': (sdp) => add(1, `a=fmtp:${firstPayloadType(sdp, 1)} x=${'y'.repeat(100000)}`)(sdp),
  'an rtpmap of garbage': add(2, 'a=rtpmap:', 'a=rtpmap:96', 'a=rtpmap:96 ', 'a=rtpmap:x VP8/90000', 'a=rtpmap:127 VP8',
    'a=rtpmap:127 /90000'),
  'feedback of garbage': add(2, 'a=rtcp-fb:', 'a=rtcp-fb:*', 'a=rtcp-fb:96', 'a=rtcp-fb:96 ', 'a=rtcp-fb:* nack',
    'a=rtcp-fb:96 ack rpsi;x="\\'),
  'extension ids 0, 15, 300 and -1': add(1, 'a=extmap:0 urn:x', 'a=extmap:15 urn:x', 'a=extmap:300 urn:x', 'a=extmap:-1 urn:x',
    'a=extmap:5', 'a=extmap:6/ '),
  'an extension with a direction (wedged)': change(1, /^a=extmap:1 /, 'a=extmap:1/sendonly '),
  'an extension with attributes (wedged)': change(1, /(ssrc-audio-level)$/, '$1 vad=on'),
  'extensions in the session': all(drop(1, /^a=extmap:1 /), add(0, 'a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level')),
  'simulcast': add(2, 'a=rid:q send', 'a=rid:h send', 'a=simulcast:send q;h'),
  'rids of garbage': add(2, 'a=rid:', 'a=rid:q', 'a=rid:q send pt=96,97;max-width=x', 'a=rid: ;;=', 'a=simulcast:',
    'a=simulcast:;;~'),
  'keys': all(add(0, 'k=clear:secret'), add(1, 'k=prompt', 'a=key-mgmt:mikey AAAA', 'a=crypto:1 X inline:')),
  'source filters': add(1, 'a=source-filter: incl IN IP4 * 10.0.0.1', 'a=source-filter:', 'a=framesize:96 1-1'),
  'SSRC groups of garbage': add(2, 'a=ssrc-group:', 'a=ssrc-group:FID', 'a=ssrc-group:FID 1 1 1 1', 'a=ssrc-group:SIM x'),
  '900 candidates': add(1, ...many(900, (i) => `a=candidate:1 1 udp 1 10.${i >> 8}.${i & 255}.1 9 typ host`)),
  'candidates of garbage (a warning of libnice each)': add(1, 'a=candidate', 'a=candidate:', 'a=candidate:x',
    'a=candidate:1 1 udp 1 x.local 9 typ host', 'a=candidate:1 300 udp -1 192.0.2.1 99999999 typ host'),
  'lines of garbage': add(1, 'a=', 'a=:', 'a=:x', 'a', '=', 'x=y', 'b=:', 'c=', 'c=IN', 'i=', 'a=x\u0001:\u0002',
    'a=é:\u{1F600}'),
  'no version, origin, name or time': drop(0, /^[vost]=/),
  'an origin of garbage': change(0, /^o=.*/, 'o=-'),
  'long lines of many bytes a character': add(1, `a=x:${'\u{1F600}'.repeat(8000)}`, `a=${'\u{1F600}'.repeat(8000)}:x`),
  'ICE lite': add(0, 'a=ice-lite'),
  '32 m-lines': (sdp) => arrange(sdp, many(32, (i) => i % 2)),
  'data channels alone': dataAlone,
  'data channels first (aborted)': withDataChannel(1),
  'data channels in the middle': withDataChannel(3),
  'data channels last': withDataChannel(5),
};

/* Altered copies of a first, good offer. */
const REFUSED_AGAIN = {
  'mids swapped (aborted)': all(change(2, /^a=mid:1$/, 'a=mid:2'), change(3, /^a=mid:2$/, 'a=mid:1')),
  'm-lines swapped (aborted)': swapFirstTwo,
  'a mid renamed': renameMid('9'),
  'an m-line gone': (sdp) => join(split(change(0, /^(a=group:BUNDLE 0 1 2) 3/, '$1')(sdp)).slice(0, 4)),
  'all m-lines but one gone': (sdp) => join(split(change(0, /^(a=group:BUNDLE 0).*/, '$1')(sdp)).slice(0, 2)),
  'an m-line of port 0': all(change(1, /^m=audio \d+/, 'm=audio 0'), drop(1, /^a=bundle-only/)),
  'a kind changed': change(4, /^m=audio/, 'm=video'),
  'data channels that push others aside': withDataChannel(3),
  'another certificate': everywhere(/^a=fingerprint:[^\r]*/gm, `a=fingerprint:sha-256 ${NOWHERE.fingerprint}`),
  'another DTLS role': change(null, 'setup:actpass', 'setup:passive'),
  'an SSRC on another m-line': (sdp) => {
    const [line] = sdp.match(/^a=ssrc:[^\r]*/m);
    return all(drop(1, /^a=ssrc:/), add(2, line))(sdp);
  },
  'the codec agreed on dropped (wedged)': (sdp) => edit(sdp, 2, (lines) => lines.filter((line) => !/VP8/.test(line))),
  'payload types with another meaning': all(change(null, /^(a=rtpmap:\d+) VP8/, '$1 was VP8'),
    change(null, /^(a=rtpmap:\d+) VP9/, '$1 VP8'), change(null, / was VP8/, ' VP9')),
  'an extension id with another meaning':
    change(null, /^(a=extmap:\d+) http:\/\/www.ietf.org\/id\/draft-holmer\S+/, '$1 urn:3gpp:video-orientation'),
  'an extension with another id': change(null, /^a=extmap:\d+ (http:\/\/www.ietf.org\/id\/draft-holmer\S+)/, 'a=extmap:12 $1'),
};

const ANSWERED_AGAIN = {
  'nothing changed': (sdp) => sdp,
  'data channels added': withDataChannel(5),
  'an m-line inactive': change(2, /^a=sendonly$/, 'a=inactive'),
  'the BUNDLE group in another order (began a second transport)': change(0, /BUNDLE 0 1 2 3/, 'BUNDLE 2 3 0 1'),
  'new ICE credentials (webrtcbin keeps its own)': all(change(null, /^a=ice-ufrag:.*/, 'a=ice-ufrag:anew'),
    change(null, /^a=ice-pwd:.*/, 'a=ice-pwd:anewanewanewanewanewanew')),
};

/* An alteration that alters nothing would test nothing. */
function edited(sdp, what, alter) {
  const altered = alter(sdp);
  assert.ok(altered !== sdp || what.startsWith('nothing'), `"${what}" is not in it`);
  return altered;
}

for (const [browser, good] of Object.entries(OFFERS)) {
  for (const [what, alter] of casesOf(browser, REFUSED)) {
    test(`${browser}'s offer with ${what} is refused, and a good one is then answered`, async (t) => {
      const attacker = await Attacker.enter(t, server);
      assert.equal(await attacker.offer(edited(good, what, alter)), 'media_error');
      assert.equal(await attacker.offer(good), 'answered');
    });
  }
  for (const [what, alter] of casesOf(browser, ANSWERED)) {
    test(`${browser}'s offer with ${what} is answered, twice`, async (t) => {
      const attacker = await Attacker.enter(t, server);
      assert.equal(await attacker.offer(edited(good, what, alter)), 'answered');
      assert.equal(await attacker.offer(edited(good, what, alter)), 'answered');
    });
  }
  for (const [what, alter] of casesOf(browser, REFUSED_AGAIN)) {
    test(`${browser}'s second offer with ${what} is refused, and changes nothing`, async (t) => {
      const attacker = await Attacker.enter(t, server);
      assert.equal(await attacker.offer(good), 'answered');
      assert.equal(await attacker.offer(edited(good, what, alter)), 'media_error');
      assert.equal(await attacker.offer(good), 'answered');
    });
  }
  for (const [what, alter] of casesOf(browser, ANSWERED_AGAIN)) {
    test(`${browser}'s second offer with ${what} is answered`, async (t) => {
      const attacker = await Attacker.enter(t, server);
      assert.equal(await attacker.offer(good), 'answered');
      assert.equal(await attacker.offer(edited(good, what, alter)), 'answered');
    });
  }
  test(`${browser}'s media is added to data channels, which then stay where they are`, async (t) => {
    const attacker = await Attacker.enter(t, server);
    assert.equal(await attacker.offer(dataAlone(good)), 'answered');
    assert.equal(await attacker.offer(good), 'media_error');
    assert.equal(await attacker.offer(withDataChannel(2)(good)), 'media_error');
    assert.equal(await attacker.offer(renameMid('data')(good)), 'media_error');
    assert.equal(await attacker.offer(withDataChannel(1)(good)), 'answered');
    assert.equal(await attacker.offer(dataAlone(good)), 'media_error');
    assert.equal(await attacker.offer(withDataChannel(1)(good)), 'answered');
  });
  test(`after all of ${browser}'s offers the others' call goes on`, () => call.goesOn());
}

/* Altered copies of the answer an honest client would give to the server's offer. */
const REFUSED_ANSWERS = {
  'm-lines in another order (aborted)': swapFirstTwo,
  'a mid twice (aborted)': change(3, /^a=mid:.*/, (line) => line.replace(/:.*/, ':0')),
  'mids of its own': everywhere(/^a=mid:/gm, 'a=mid:my'),
  'a port 0 (aborted)': change(2, /^m=video \d+/, 'm=video 0'),
  'every port 0 (aborted)': change(null, /^(m=\w+) \d+/, '$1 0'),
  'an m-line less': (sdp) => join(split(sdp).slice(0, -1)),
  'an m-line more': (sdp) => { const sections = split(sdp); return join([...sections, sections[1]]); },
  'a kind changed': change(2, /^m=video/, 'm=audio'),
  'an m-line that sends and receives': change(1, /^a=recvonly/, 'a=sendrecv'),
  'an m-line that sends': change(1, /^a=recvonly/, 'a=sendonly'),
  'no direction, which is both': drop(1, /^a=recvonly/),
  'a codec for another one\'s payload type': change(2, /^(a=rtpmap:\d+) VP8/, '$1 AV1'),
  'no codec': (sdp) => edit(sdp, 2, ([line, ...lines]) => [line.replace(/SAVPF .*/, 'SAVPF 0'), ...lines]),
  'setup:actpass': change(null, /^a=setup:.*/, 'a=setup:actpass'),
  'setups that differ': change(2, /^a=setup:.*/, 'a=setup:passive'),
  'no fingerprint': drop(null, /^a=fingerprint/),
  'no ICE credentials': drop(null, /^a=ice-(ufrag|pwd)/),
  'no BUNDLE group': drop(0, /^a=group/),
  'data channels that nobody offered': (sdp) => withDataChannel(split(sdp).length)(sdp),
  'an extension id of another meaning': change(1, /^a=extmap:1 .*/, 'a=extmap:1 urn:3gpp:video-orientation'),
};

const ACCEPTED_ANSWERS = {
  'nothing wrong': (sdp) => sdp,
  'setup:passive': change(null, /^a=setup:.*/, 'a=setup:passive'),
  'all m-lines inactive': change(null, /^a=recvonly/, 'a=inactive'),
  'the BUNDLE group in another order': change(0, /^(a=group:BUNDLE) (\S+) (.*)/, '$1 $3 $2'),
  'ICE credentials twice in the session (aborted)': all(drop(null, /^a=ice-(ufrag|pwd)/),
    add(0, 'a=ice-ufrag:AbUz', 'a=ice-ufrag:AbUz', `a=ice-pwd:${NOWHERE.password}`, `a=ice-pwd:${NOWHERE.password}`)),
  'garbage in it': add(1, 'a=', 'a=rtpmap:', 'a=fmtp:111 extmap-1=x', 'a=ssrc-group:', 'a=rid:', 'a=candidate:x', 'a=crypto:'),
};

for (const [what, alter] of Object.entries(REFUSED_ANSWERS)) {
  test(`an answer with ${what} is refused, and an honest one is then taken`, async (t) => {
    const attacker = await Attacker.enter(t, server, { NoPublish: true });
    const honest = await attacker.honestAnswer();
    assert.equal(await attacker.answer(edited(honest, what, alter)), 'media_error');
    assert.equal(await attacker.answer(honest), 'answered');
  });
}

for (const [what, alter] of Object.entries(ACCEPTED_ANSWERS)) {
  test(`an answer with ${what} is taken, but no second one`, async (t) => {
    const attacker = await Attacker.enter(t, server, { NoPublish: true });
    const honest = await attacker.honestAnswer();
    assert.equal(await attacker.answer(edited(honest, what, alter)), 'answered');
    assert.equal(await attacker.answer(honest), 'media_error');
  });
}

test('an answer that nobody waits for is refused', async (t) => {
  const attacker = await Attacker.enter(t, server);
  const stranger = await Attacker.enter(t, server, { NoPublish: true });
  const answer = await stranger.honestAnswer();
  assert.equal(await attacker.answer(answer), 'media_error');
  assert.equal(await stranger.answer(answer, 2), 'media_error');
  assert.equal(await stranger.offer(OFFERS.chromium), 'media_error');
});

test('an offer while another is being answered is refused, and the first one is answered', async (t) => {
  const attacker = await Attacker.enter(t, server);
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => attacker.offer(OFFERS.chromium)));
  assert.equal(outcomes[0], 'answered');
  assert.ok(outcomes.every((outcome) => outcome === 'answered' || outcome === 'media_error'), outcomes.join());
});

test('more m-lines may come, up to 32, and no more', async (t) => {
  const attacker = await Attacker.enter(t, server);
  for (const count of [1, 2, 16, 31, 32])
    assert.equal(await attacker.offer(arrange(OFFERS.chromium, many(count, (i) => i % 2))), 'answered', count);
  assert.equal(await attacker.offer(arrange(OFFERS.chromium, many(33, (i) => i % 2))), 'media_error');
  assert.equal(await attacker.offer(arrange(OFFERS.chromium, many(31, (i) => i % 2))), 'media_error');
});

test('an m-line that was inactive does not come back (failed in webrtcbin for ever)', async (t) => {
  const attacker = await Attacker.enter(t, server);
  const inactive = change(2, /^a=sendonly$/, 'a=inactive')(OFFERS.chromium);
  assert.equal(await attacker.offer(OFFERS.chromium), 'answered');
  assert.equal(await attacker.offer(inactive), 'answered');
  assert.equal(await attacker.offer(OFFERS.chromium), 'media_error');
  assert.equal(await attacker.offer(inactive), 'answered');
});

test('who offers and leaves, at any moment, leaves nothing behind', async () => {
  for (let round = 0; round < 10; round++) {
    const attackers = await Promise.all(Array.from({ length: 3 }, () => Attacker.enter(runner, server)));
    attackers.forEach((attacker) => attacker.offer(OFFERS.firefox).catch(() => {}));
    await Promise.all(attackers.map((attacker) => attacker.leave()));
  }
});

test('media that is announced as inactive, or not at all, harms nobody', async (t) => {
  const room = newRoom();
  const bob = await Peer.join(t, server, room, 'Bob', { publish: null });
  for (const alterOffer of [change(2, /^a=sendonly/, 'a=inactive'), drop(null, /^a=ssrc/)]) {
    const eve = await Peer.join(t, server, room, 'Eve', { publish: [], alterOffer });
    await eve.start('camera', 'microphone');
    await until('Eve has sent', () => eve.publisher.track('camera').packets > 90);
    await eve.signalling.request('chat', { message: 'Still here' });
  }
  assert.deepEqual(bob.slots.flatMap(({ packets }) => packets), []);
});

test('after all answers the others\' call goes on', () => call.goesOn());
