// Whose RTP a call takes. Pure: addresses and times in, verdicts out.
#pragma once

#include <cstdint>

#include <pjlib.h>

namespace offhook {

// RTP is taken from the address that was negotiated, and from no other once it has sent a packet. A peer
// behind NAT sends from another one: it is followed once, if the negotiated address stays silent while it
// sends kProbation packets in a row, all of one payload type, over kPatienceNs. From then on the source is
// fixed, and only a new negotiated address opens the question again.
class PeerLock {
public:
    enum class Verdict {
        refuse,
        accept,
        follow,   // accept, and send to this source from now on
    };
    static constexpr int kProbation = 3;
    // Whoever guesses the port before the call's own peer has spoken must keep it up for so long, and a
    // candidate that has been silent for so long makes room for another.
    static constexpr int64_t kPatienceNs = 200'000'000;

    // The address of the SDP that is in force. A held call's null address says nothing and changes nothing.
    // Returns the address to send to: the followed one while it holds, else the negotiated one.
    const pj_sockaddr &expect(const pj_sockaddr &negotiated) {
        if (pj_sockaddr_has_addr(&negotiated) && (!known_ || pj_sockaddr_cmp(&negotiated, &negotiated_) != 0)) {
            negotiated_ = negotiated;
            known_ = true;
            locked_ = false;
            streak_ = 0;
        }
        return locked_ ? peer_ : negotiated_;
    }

    Verdict judge(const pj_sockaddr &source, int payloadType, int64_t nowNs) {
        if (locked_) return pj_sockaddr_cmp(&source, &peer_) == 0 ? Verdict::accept : Verdict::refuse;
        if (known_ && pj_sockaddr_cmp(&source, &negotiated_) == 0) {
            peer_ = source;
            locked_ = true;
            return Verdict::accept;
        }
        if (streak_ > 0 && nowNs - lastNs_ >= kPatienceNs) streak_ = 0;
        if (streak_ > 0 && pj_sockaddr_cmp(&source, &peer_) != 0) return Verdict::refuse;
        if (streak_ == 0 || payloadType != payloadType_) {
            peer_ = source;
            payloadType_ = payloadType;
            firstNs_ = nowNs;
            streak_ = 0;
        }
        lastNs_ = nowNs;
        ++streak_;
        if (streak_ < kProbation || nowNs - firstNs_ < kPatienceNs) return Verdict::accept;
        locked_ = true;
        return Verdict::follow;
    }

    // RTCP comes from another port, through NAT perhaps from any: only its host can be held to the peer.
    bool sameHost(const pj_sockaddr &source) const {
        const pj_sockaddr &peer = locked_ || streak_ > 0 ? peer_ : negotiated_;
        return (known_ || streak_ > 0) && source.addr.sa_family == peer.addr.sa_family &&
               pj_memcmp(pj_sockaddr_get_addr(&source), pj_sockaddr_get_addr(&peer),
                         pj_sockaddr_get_addr_len(&source)) == 0;
    }

private:
    pj_sockaddr negotiated_{};
    pj_sockaddr peer_{};        // the locked source, or the one on probation
    bool known_ = false;
    bool locked_ = false;
    int streak_ = 0;            // packets of the one on probation
    int payloadType_ = 0;
    int64_t firstNs_ = 0, lastNs_ = 0;
};

}  // namespace offhook
