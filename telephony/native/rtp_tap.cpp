// A media transport adapter between the UDP socket and pjmedia's stream (or SRTP): it locks the peer,
// counts packets and copies telephone-events before pjmedia's own receiver merges them.
#include <bitset>
#include <memory>
#include <mutex>

#include <pjmedia.h>

#include "peer_lock.hpp"
#include "ring.hpp"
#include "rtp_packet.hpp"
#include "stream_lock.hpp"

namespace offhook {

namespace {

using PayloadTypes = std::bitset<128>;

struct RtpTap : pjmedia_transport {
    pjmedia_transport *slave;
    std::shared_ptr<Slab> slab;
    int line;

    void *stream = nullptr;                     // the user data of whoever attached
    void (*rtp)(void *, void *, pj_ssize_t) = nullptr;
    void (*rtp2)(pjmedia_tp_cb_param *) = nullptr;
    void (*rtcp)(void *, void *, pj_ssize_t) = nullptr;

    std::mutex mutex;                           // SIP threads negotiate while media threads receive
    PeerLock peer;
    StreamLock audio;
    pj_sockaddr source{};                       // of the stream that `audio` follows
    PayloadTypes negotiated, events;
};

RtpTap *tapOf(pjmedia_transport *transport) { return static_cast<RtpTap *>(transport); }

// The payload types that our side of the SDP lets the peer send, RFC 3264 section 5.1.
void payloadTypes(const pjmedia_sdp_media &media, PayloadTypes &all, PayloadTypes &events) {
    for (unsigned i = 0; i < media.desc.fmt_count; ++i) {
        const unsigned long type = pj_strtoul(&media.desc.fmt[i]);
        if (type > 127) continue;
        all.set(type);
        const pjmedia_sdp_attr *attr = pjmedia_sdp_media_find_attr2(&media, "rtpmap", &media.desc.fmt[i]);
        pjmedia_sdp_rtpmap map;
        if (attr && pjmedia_sdp_attr_get_rtpmap(attr, &map) == PJ_SUCCESS &&
            pj_stricmp2(&map.enc_name, "telephone-event") == 0)
            events.set(type);
    }
}

// RFC 4733 section 2.3; more than one block to a packet are consecutive events, section 2.5.1.5.
void reportEvents(RtpTap &tap, const RtpPacket &packet, int64_t now) {
    uint32_t timestamp = packet.timestamp;
    for (size_t at = 0; at + 4 <= packet.size; at += 4) {
        const uint8_t *block = packet.payload + at;
        OffhookTelephoneEvent event;
        event.line = tap.line;
        event.event = block[0];
        event.end = block[1] >> 7;
        event.volume = block[1] & 63;
        event.duration = be16(block + 2);
        event.timestamp = timestamp;
        event.sequence = packet.sequence;
        event.marker = packet.marker;
        event.ssrc = packet.ssrc;
        event.atNs = now;
        tap.slab->pushEvent(event);
        timestamp += event.duration;
    }
}

enum class Fate {
    refuse,
    consume,    // ours alone: pjmedia must not see it
    pass,
};

// What becomes of a packet; `follow` is set where the transport shall send to its source.
Fate judge(RtpTap &tap, const pjmedia_tp_cb_param &received, bool &follow) {
    const auto packet = parseRtp(static_cast<const uint8_t *>(received.pkt), received.size);
    std::lock_guard<std::mutex> hold(tap.mutex);
    if (!packet || !received.src_addr) return Fate::refuse;
    if (isRtcp(packet->payloadType)) return tap.peer.sameHost(*received.src_addr) ? Fate::pass : Fate::refuse;
    // A packet of a type nobody offered is no reason to follow its sender.
    if (!tap.negotiated.test(packet->payloadType)) return Fate::refuse;
    const int64_t now = monotonicNs();
    const PeerLock::Verdict verdict = tap.peer.judge(*received.src_addr, packet->payloadType, now);
    if (verdict == PeerLock::Verdict::refuse) return Fate::refuse;
    follow = verdict == PeerLock::Verdict::follow;
    if (pj_sockaddr_cmp(received.src_addr, &tap.source) != 0) {
        pj_sockaddr_cp(&tap.source, received.src_addr);
        tap.audio.forget();
    }
    const bool event = tap.events.test(packet->payloadType);
    // Some gateways send keys as a stream of their own, beside the audio: they count, but pjmedia would restart.
    const bool aside = event && !tap.audio.carries(packet->ssrc);
    const bool heard = !aside && tap.audio.admit(packet->ssrc, packet->sequence, now);
    if (event) reportEvents(tap, *packet, now);     // our receiver has its own way with repetitions
    if (!event && !heard) return Fate::refuse;
    tap.slab->rxPackets[tap.line].fetch_add(1, std::memory_order_relaxed);
    tap.slab->rxLastNs[tap.line].store(now, std::memory_order_relaxed);
    return heard ? Fate::pass : Fate::consume;
}

void onRtp(pjmedia_tp_cb_param *param) {
    RtpTap &tap = *static_cast<RtpTap *>(param->user_data);
    bool follow = false;
    // A negative size is a socket error, which is pjmedia's affair.
    const Fate fate = param->size < 0 ? Fate::pass : judge(tap, *param, follow);
    if (fate == Fate::refuse) tap.slab->rxRefused[tap.line].fetch_add(1, std::memory_order_relaxed);
    if (fate == Fate::pass && tap.rtp2) {
        pjmedia_tp_cb_param passed = *param;
        passed.user_data = tap.stream;
        passed.src_addr = nullptr;      // so that pjmedia doesn't follow other sources by its own rules
        tap.rtp2(&passed);
    } else if (fate == Fate::pass && tap.rtp) {
        tap.rtp(tap.stream, param->pkt, param->size);
    }
    if (follow) param->rem_switch = PJ_TRUE;
}

void onRtcp(void *user, void *packet, pj_ssize_t size) {
    RtpTap &tap = *static_cast<RtpTap *>(user);
    if (size > 0) {
        pjmedia_transport_info info;
        pjmedia_transport_info_init(&info);
        pjmedia_transport_get_info(tap.slave, &info);
        std::lock_guard<std::mutex> hold(tap.mutex);
        if (!tap.peer.sameHost(info.src_rtcp_name)) return;
    }
    if (tap.rtcp) tap.rtcp(tap.stream, packet, size);
}

pj_status_t getInfo(pjmedia_transport *tp, pjmedia_transport_info *info) {
    return pjmedia_transport_get_info(tapOf(tp)->slave, info);
}

void forget(RtpTap &tap) {
    tap.stream = nullptr;
    tap.rtp = nullptr;
    tap.rtp2 = nullptr;
    tap.rtcp = nullptr;
}

pj_status_t attach(pjmedia_transport *tp, pjmedia_transport_attach_param *param) {
    RtpTap &tap = *tapOf(tp);
    tap.stream = param->user_data;
    tap.rtp = param->rtp_cb2 ? nullptr : param->rtp_cb;
    tap.rtp2 = param->rtp_cb2;
    tap.rtcp = param->rtcp_cb;
    param->user_data = &tap;
    param->rtp_cb = nullptr;
    param->rtp_cb2 = &onRtp;
    param->rtcp_cb = &onRtcp;
    {
        // After a re-INVITE that changes nothing, go on sending to the peer that was followed.
        std::lock_guard<std::mutex> hold(tap.mutex);
        const pj_sockaddr &target = tap.peer.expect(param->rem_addr);
        if (pj_sockaddr_has_addr(&param->rem_addr) && pj_sockaddr_cmp(&target, &param->rem_addr) != 0) {
            pj_sockaddr_cp(&param->rem_addr, &target);
            pj_bzero(&param->rem_rtcp, sizeof(param->rem_rtcp));
        }
    }
    const pj_status_t status = pjmedia_transport_attach2(tap.slave, param);
    if (status != PJ_SUCCESS) forget(tap);
    return status;
}

void detach(pjmedia_transport *tp, void *) {
    RtpTap &tap = *tapOf(tp);
    if (!tap.stream) return;
    pjmedia_transport_detach(tap.slave, &tap);
    forget(tap);
}

pj_status_t sendRtp(pjmedia_transport *tp, const void *packet, pj_size_t size) {
    RtpTap &tap = *tapOf(tp);
    const pj_status_t status = pjmedia_transport_send_rtp(tap.slave, packet, size);
    if (status == PJ_SUCCESS) tap.slab->txPackets[tap.line].fetch_add(1, std::memory_order_relaxed);
    return status;
}

pj_status_t sendRtcp(pjmedia_transport *tp, const void *packet, pj_size_t size) {
    return pjmedia_transport_send_rtcp(tapOf(tp)->slave, packet, size);
}

pj_status_t sendRtcpTo(pjmedia_transport *tp, const pj_sockaddr_t *address, unsigned length,
                       const void *packet, pj_size_t size) {
    return pjmedia_transport_send_rtcp2(tapOf(tp)->slave, address, length, packet, size);
}

pj_status_t mediaCreate(pjmedia_transport *tp, pj_pool_t *pool, unsigned options,
                        const pjmedia_sdp_session *remote, unsigned index) {
    return pjmedia_transport_media_create(tapOf(tp)->slave, pool, options, remote, index);
}

pj_status_t encodeSdp(pjmedia_transport *tp, pj_pool_t *pool, pjmedia_sdp_session *local,
                      const pjmedia_sdp_session *remote, unsigned index) {
    return pjmedia_transport_encode_sdp(tapOf(tp)->slave, pool, local, remote, index);
}

pj_status_t mediaStart(pjmedia_transport *tp, pj_pool_t *pool, const pjmedia_sdp_session *local,
                       const pjmedia_sdp_session *remote, unsigned index) {
    RtpTap &tap = *tapOf(tp);
    PayloadTypes all, events;
    if (local && index < local->media_count) payloadTypes(*local->media[index], all, events);
    {
        std::lock_guard<std::mutex> hold(tap.mutex);
        tap.negotiated = all;
        tap.events = events;
        tap.audio.forget();
    }
    return pjmedia_transport_media_start(tap.slave, pool, local, remote, index);
}

pj_status_t mediaStop(pjmedia_transport *tp) { return pjmedia_transport_media_stop(tapOf(tp)->slave); }

pj_status_t simulateLost(pjmedia_transport *tp, pjmedia_dir direction, unsigned percent) {
    return pjmedia_transport_simulate_lost(tapOf(tp)->slave, direction, percent);
}

void onDestroy(void *member) { delete static_cast<RtpTap *>(member); }

pj_status_t destroy(pjmedia_transport *tp) {
    pj_grp_lock_t *lock = tp->grp_lock;
    pjmedia_transport_close(tapOf(tp)->slave);
    pj_grp_lock_dec_ref(lock);      // the tap goes with the last user of the transport
    return PJ_SUCCESS;
}

pjmedia_transport_op operations = {
    &getInfo,     nullptr,    &detach,     &sendRtp,   &sendRtcp,     &sendRtcpTo, &mediaCreate,
    &encodeSdp,   &mediaStart, &mediaStop, &simulateLost, &destroy,   &attach,
};

}  // namespace

pjmedia_transport *createRtpTap(pjmedia_transport *base, std::shared_ptr<Slab> slab, int line) {
    if (!base->grp_lock) return base;       // none of pjmedia's own transports: nothing to hang the tap on
    auto *tap = new RtpTap();
    pj_ansi_snprintf(tap->name, sizeof(tap->name), "tap%d", line);
    tap->type = pjmedia_transport_type(PJMEDIA_TRANSPORT_TYPE_USER + 1);
    tap->op = &operations;
    tap->grp_lock = base->grp_lock;
    tap->slave = base;
    tap->slab = std::move(slab);
    tap->line = line;
    pj_grp_lock_add_ref(base->grp_lock);
    if (pj_grp_lock_add_handler(base->grp_lock, nullptr, tap, &onDestroy) != PJ_SUCCESS) {
        pj_grp_lock_dec_ref(base->grp_lock);
        delete tap;
        return base;
    }
    return tap;
}

}  // namespace offhook
