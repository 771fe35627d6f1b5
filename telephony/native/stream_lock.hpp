// Which of a peer's packets belong to the stream that is heard. Pure: headers and times in, verdicts out.
#pragma once

#include <cstdint>

namespace offhook {

// A stream is known by its SSRC and by sequence numbers that go on. pjmedia lets two packets in a row of any other
// SSRC or sequence restart its stream, so a second stream that overlaps the first, or old packets sent again, would
// tear what is heard. Here another stream is taken once the present one has been silent for kPatienceNs: that is
// a peer who restarts (RFC 3550 appendix A.1), a transfer behind a PBX, music on hold that gives way.
// Packets that have been here before are refused as RFC 3711 section 3.3.2 does it, with a window of 64.
class StreamLock {
public:
    // Longer than the gaps of any ptime, short enough that concealment bridges most of it.
    static constexpr int64_t kPatienceNs = 100'000'000;
    static constexpr int kAhead = 3000;     // RFC 3550 appendix A.1, MAX_DROPOUT
    static constexpr int kWindow = 64;

    // Begin anew: the next packet is the stream's first.
    void forget() { known_ = false; }

    bool carries(uint32_t ssrc) const { return known_ && ssrc == ssrc_; }

    bool admit(uint32_t ssrc, uint16_t sequence, int64_t nowNs) {
        const int step = known_ ? int16_t(uint16_t(sequence - highest_)) : 0;
        const bool goesOn = carries(ssrc) && step > -kWindow && step < kAhead;
        if (!goesOn) {
            if (known_ && nowNs - lastNs_ < kPatienceNs) return false;
            known_ = true;
            ssrc_ = ssrc;
            highest_ = sequence;
            seen_ = 1;
        } else if (step > 0) {
            seen_ = step < kWindow ? seen_ << step | 1 : 1;
            highest_ = sequence;
        } else {
            const uint64_t bit = uint64_t(1) << -step;
            if (seen_ & bit) return false;
            seen_ |= bit;
        }
        lastNs_ = nowNs;
        return true;
    }

private:
    bool known_ = false;
    uint32_t ssrc_ = 0;
    uint16_t highest_ = 0;
    uint64_t seen_ = 0;         // bit n: the packet n before the highest
    int64_t lastNs_ = 0;
};

}  // namespace offhook
