// The memory between pjmedia's threads and the event loop, and the hooks into pjsua that feed it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "offhook.hpp"

namespace offhook {

constexpr uint64_t kDepth = 16;
constexpr size_t kMaxEvents = 4096;   // two minutes of one caller's held key, or 40 keys on 100 lines

int64_t monotonicNs();

// Per-line counters are atomics of the size and alignment of the plain integer, so that numpy reads them.
template <typename T>
using Counters = std::unique_ptr<std::atomic<T>[]>;
static_assert(sizeof(std::atomic<uint64_t>) == 8 && std::atomic<uint64_t>::is_always_lock_free);

struct Slab {
    Slab(int lines, int frameSamples);
    ~Slab();

    int16_t *inFrame(int line, uint64_t n) { return &in[(line * kDepth + n % kDepth) * frameSamples]; }
    int16_t *outFrame(int line, uint64_t n) { return &out[(line * kDepth + n % kDepth) * frameSamples]; }
    int16_t *sentFrame(int line, uint64_t n) { return &sent[(line * kDepth + n % kDepth) * frameSamples]; }
    const int16_t *noiseFrame();                       // clock thread: the next frame of comfort noise, or null
    void setComfortNoise(double dbfs);                 // any thread
    void tick();                                       // clock thread, at the end of each tick
    void pushEvent(const OffhookTelephoneEvent &event);
    void reset(int line);

    const int lines;
    const int frameSamples;
    std::vector<int16_t> in, out, sent;
    std::vector<uint8_t> sentNow;                      // clock thread: the slot of this tick's `sent` is filled
    Counters<uint64_t> inWritten, outWritten, outTaken, outMissed, rxPackets, rxRefused, txPackets;
    Counters<int64_t> rxLastNs;

    int fd;
    std::atomic<bool> signalled{false};                // fd has been written and not yet drained
    std::atomic<int> ports{0};                         // an idle worker isn't woken fifty times a second
    std::atomic<uint64_t> ticks{0};

    // Two seconds of it, one after the other; made whole before the pointer is set, and never freed while in use.
    std::atomic<const std::vector<int16_t> *> noise{nullptr};
    std::vector<std::unique_ptr<std::vector<int16_t>>> noises;
    size_t noiseAt = 0;

    std::mutex eventMutex;                             // media threads and the loop; never the clock thread
    std::vector<OffhookTelephoneEvent> events;
    std::atomic<uint64_t> eventsDropped{0};
};

// The ring in use, or null.
std::shared_ptr<Slab> currentSlab();

// Put the hooks into the running pjsua: the tick at the end of the bridge's clock, and an RTP tap on the
// media transport of every call. Does nothing before libInit; may be repeated.
void installHooks();

// Wrap `base` in the adapter that locks the peer, counts packets and copies telephone-events.
pjmedia_transport *createRtpTap(pjmedia_transport *base, std::shared_ptr<Slab> slab, int line);

}  // namespace offhook
