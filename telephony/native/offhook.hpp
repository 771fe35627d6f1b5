// Offhook's native part, linked into the pjsua2 module: what Python may see of it (SWIG reads this file).
//
// A line is a pjsua call id. The ring carries 20 ms frames between pjmedia's clock thread and the event
// loop; neither waits for the other, and no Python runs on the clock thread. The counters live in plain
// memory whose addresses Python wraps as numpy arrays: each has one writer, named below.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <pjsua2/media.hpp>

namespace offhook {

struct Slab;       // ring.hpp: the memory that the ring, the ports and the RTP taps share
class GateState;   // gate.cpp

// One event report of one RFC 4733 packet, as it came: nothing is merged, ordered or de-duplicated here.
struct OffhookTelephoneEvent {
    int line = 0;
    int event = 0;         // 0-9, 10 = *, 11 = #, 12-15 = A-D
    bool end = false;
    int volume = 0;        // -dBm0
    int duration = 0;      // in units of the event's clock rate
    uint32_t timestamp = 0;
    int sequence = 0;
    bool marker = false;
    uint32_t ssrc = 0;
    int64_t atNs = 0;      // CLOCK_MONOTONIC
};

// Sixteen frames a line in each direction. One ring a process; the newest is the one in use.
// Frame number n of a line lies in slot n % depth(). All arrays are C-contiguous, native endian.
class OffhookRing {
public:
    OffhookRing(int lines, int frameSamples) PJSUA2_THROW(pj::Error);
    ~OffhookRing();

    int lines() const;
    int frameSamples() const;
    static int depth();

    // Readable once a tick in which a port was served; never blocks. Owned by the ring.
    int eventFd() const;
    // Call it on waking, before reading any counter: empties eventFd() and arms it for the next tick.
    void drained();
    // Ticks of the conference clock since the ring was made.
    uint64_t ticks() const;

    unsigned long long inAddress() const;          // int16[lines][depth][frameSamples], clock writes
    unsigned long long outAddress() const;         // the same shape, the loop writes
    unsigned long long sentAddress() const;        // the same shape, clock: what was sent while frame n was heard
    unsigned long long inWrittenAddress() const;   // uint64[lines], clock: frames heard
    unsigned long long outWrittenAddress() const;  // uint64[lines], loop: frames to say
    unsigned long long outTakenAddress() const;    // uint64[lines], clock: frames of ours it took
    unsigned long long outMissedAddress() const;   // uint64[lines], clock: ticks that found nothing, so silence
    unsigned long long rxPacketsAddress() const;   // uint64[lines], media thread: RTP packets accepted
    unsigned long long rxRefusedAddress() const;   // uint64[lines], media thread: wrong source, or no RTP
    unsigned long long rxLastNsAddress() const;    // int64[lines], CLOCK_MONOTONIC of the last accepted, 0 none
    unsigned long long txPacketsAddress() const;   // uint64[lines], clock: RTP packets sent

    // What is sent on a tick that finds nothing of the loop's: white noise at `dbfs`, silence at -100 or less.
    void setComfortNoise(double dbfs);

    // Every telephone-event since the last call, in order of arrival.
    std::vector<OffhookTelephoneEvent> takeEvents();
    // Events lost because nobody took them in time.
    uint64_t eventsDropped() const;

    // All counters and events of `line` to zero; to be called while no port or call is on the line.
    void reset(int line) PJSUA2_THROW(pj::Error);

    const std::shared_ptr<Slab> &slab() const { return slab_; }

private:
    OffhookRing(const OffhookRing &) = delete;
    OffhookRing &operator=(const OffhookRing &) = delete;
    std::shared_ptr<Slab> slab_;
};

// A line's port on the conference bridge. Transmit to it and from it like any AudioMedia.
class OffhookPort : public pj::AudioMedia {
public:
    OffhookPort(OffhookRing &ring, int line);
    virtual ~OffhookPort();

    // Register with the bridge; `clockRate` must give frames of the ring's size at `ptimeMs`.
    void create(const std::string &name, int clockRate, int ptimeMs = 20) PJSUA2_THROW(pj::Error);
    // Leave the bridge. The ring isn't touched any more once this returns; safe to call twice.
    void release();

private:
    OffhookPort(const OffhookPort &) = delete;
    OffhookPort &operator=(const OffhookPort &) = delete;
    std::shared_ptr<Slab> slab_;
    int line_;
    pjmedia_port *port_ = nullptr;
};

// One SIP message, as it was on the wire.
struct OffhookMessage {
    int64_t atNs = 0;      // CLOCK_REALTIME
    bool sent = false;
    std::string peer;      // "ip:port"
    std::string transport; // "UDP", "TCP", "TLS"
    std::string callId;
    std::string text;
};

// What stands before pjsua: who may speak to us, and whether we take calls now. Also copies every SIP
// message for the call trace. One a process; the newest is the one in use.
class OffhookGate {
public:
    OffhookGate();
    ~OffhookGate();

    // Register with pjsip, and put the RTP taps in place. After libInit, from a registered thread.
    void start() PJSUA2_THROW(pj::Error);
    // 200: calls and OPTIONS go to pjsua. 503: both are refused with Retry-After (seconds); requests
    // within dialogs pass. Until the first call it is 503.
    void setState(int status, int retryAfter) PJSUA2_THROW(pj::Error);
    // IPv4 addresses or CIDR blocks, or IPv6 addresses, that may open dialogs with us; empty: everybody.
    void setAllowed(const std::vector<std::string> &cidrs) PJSUA2_THROW(pj::Error);

    uint64_t refusedSources() const;   // requests from sources that aren't allowed
    uint64_t refusedCalls() const;     // INVITEs answered 503
    // At most `max` of the oldest messages not yet taken.
    std::vector<OffhookMessage> takeMessages(int max);
    uint64_t messagesDropped() const;

private:
    OffhookGate(const OffhookGate &) = delete;
    OffhookGate &operator=(const OffhookGate &) = delete;
    GateState &state_;
};

}  // namespace offhook
