// RTP and RFC 4733 on the wire. Pure: bytes in, fields out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace offhook {

// RFC 3550 section 5.1, with CSRCs, extension and padding taken off the payload.
struct RtpPacket {
    int payloadType;
    bool marker;
    uint16_t sequence;
    uint32_t timestamp;
    uint32_t ssrc;
    const uint8_t *payload;
    size_t size;
};

inline uint16_t be16(const uint8_t *p) { return uint16_t(p[0] << 8 | p[1]); }
inline uint32_t be32(const uint8_t *p) { return uint32_t(be16(p)) << 16 | be16(p + 2); }

// Nothing where `data` is no RTP version 2 packet.
inline std::optional<RtpPacket> parseRtp(const uint8_t *data, size_t size) {
    if (size < 12 || data[0] >> 6 != 2) return std::nullopt;
    size_t header = 12 + 4 * (data[0] & 15);
    if (data[0] & 16) {                                     // extension, section 5.3.1
        if (size < header + 4) return std::nullopt;
        header += 4 + 4 * be16(data + header + 2);
    }
    if (size < header) return std::nullopt;
    size_t padding = 0;
    if (data[0] & 32) {
        padding = data[size - 1];
        if (padding == 0 || header + padding > size) return std::nullopt;
    }
    return RtpPacket{data[1] & 127, data[1] >> 7 != 0, be16(data + 2), be32(data + 4), be32(data + 8),
                     data + header, size - header - padding};
}

// RFC 5761 section 4: these types are RTCP where it shares the port.
inline bool isRtcp(int payloadType) { return payloadType >= 64 && payloadType <= 95; }

}  // namespace offhook
