/* What pjmedia plays out of a trace of packets: its adaptive jitter buffer and the concealment of its G.711 codec,
 * called as pjproject's stream.c calls them with pjsua's defaults. benchmarks/jitter.py builds and runs it.
 *
 * stdin:  int32 ticks, int32 packets; then for each packet double arrival_s, int32 number, 160 bytes of PCMU.
 *         Packets are in the order of their arrival; the tick n is at n * 20 ms and takes what arrived before or at it.
 * stdout: for each 10 ms int32 number of the frame that was played (-1: made up), 80 int16 samples.
 */
#include <pjlib.h>
#include <pjmedia/alaw_ulaw.h>
#include <pjmedia/jbuf.h>
#include <pjmedia/plc.h>
#include <stdio.h>
#include <stdlib.h>

#define HALF 80                 /* pjmedia's G.711 has frames of 10 ms, two to a packet */
#define MAX_FRAMES (500 / 10)   /* what stream.c takes where the application sets no jb_max */
#define MAX_PLC (240 / 10)      /* PJMEDIA_MAX_PLC_DURATION_MSEC */

struct packet {
    double arrival_s;
    pj_int32_t number;
    pj_uint8_t codes[2 * HALF];
};

static void must(int ok, const char *what) {
    if (!ok) {
        fprintf(stderr, "pjmedia_jbuf: %s\n", what);
        exit(1);
    }
}

static int next_packet(struct packet *packet) {
    return fread(&packet->arrival_s, sizeof packet->arrival_s, 1, stdin) == 1 &&
           fread(&packet->number, sizeof packet->number, 1, stdin) == 1 &&
           fread(packet->codes, sizeof packet->codes, 1, stdin) == 1;
}

static void play(pj_int32_t number, const pj_int16_t *pcm) {
    must(fwrite(&number, sizeof number, 1, stdout) == 1 && fwrite(pcm, 2, HALF, stdout) == HALF, "can't write");
}

int main(void) {
    pj_caching_pool cache;
    pj_pool_t *pool;
    pjmedia_jbuf *buffer;
    pjmedia_plc *plc;
    pj_str_t name = {"bench", 5};
    pj_int32_t ticks, packets, tick;
    struct packet packet;
    int plc_count = MAX_PLC;    /* nothing to go on with before the first frame */

    pj_log_set_level(1);
    must(pj_init() == PJ_SUCCESS, "pj_init");
    pj_caching_pool_init(&cache, NULL, 0);
    pool = pj_pool_create(&cache.factory, "bench", 4096, 4096, NULL);
    must(pjmedia_jbuf_create(pool, &name, HALF, 10, MAX_FRAMES, &buffer) == PJ_SUCCESS, "pjmedia_jbuf_create");
    must(pjmedia_jbuf_set_adaptive(buffer, 0, 1, MAX_FRAMES * 4 / 5) == PJ_SUCCESS, "pjmedia_jbuf_set_adaptive");
    pjmedia_jbuf_set_discard(buffer, PJMEDIA_JB_DISCARD_PROGRESSIVE);
    must(pjmedia_plc_create(pool, 8000, HALF, 0, &plc) == PJ_SUCCESS, "pjmedia_plc_create");

    must(fread(&ticks, sizeof ticks, 1, stdin) == 1 && fread(&packets, sizeof packets, 1, stdin) == 1, "no header");
    int waiting = packets-- > 0 && next_packet(&packet);
    for (tick = 0; tick < ticks; ++tick) {
        int halves = 0;
        for (; waiting && packet.arrival_s <= tick * 0.020; waiting = packets-- > 0 && next_packet(&packet)) {
            pjmedia_jbuf_put_frame(buffer, packet.codes, HALF, 2 * packet.number);
            pjmedia_jbuf_put_frame(buffer, packet.codes + HALF, HALF, 2 * packet.number + 1);
        }
        while (halves < 2) {
            pj_uint8_t codes[HALF];
            pj_int16_t pcm[HALF];
            pj_size_t size = sizeof codes;
            pj_uint32_t bits;
            char type;
            int number, i;

            pjmedia_jbuf_get_frame3(buffer, codes, &size, &type, &bits, NULL, &number);
            if (type == PJMEDIA_JB_NORMAL_FRAME) {
                for (i = 0; i < HALF; ++i)
                    pcm[i] = (pj_int16_t)pjmedia_ulaw2linear(codes[i]);
                pjmedia_plc_save(plc, pcm);
                plc_count = 0;
                play(number, pcm);
                ++halves;
                continue;
            }
            /* A missing frame is made up by itself; when there is none at all the rest of the tick is. */
            do {
                if (plc_count < MAX_PLC) {
                    ++plc_count;
                    pjmedia_plc_generate(plc, pcm);
                } else
                    pj_bzero(pcm, sizeof pcm);
                play(-1, pcm);
                ++halves;
            } while (type != PJMEDIA_JB_MISSING_FRAME && halves < 2);
        }
    }
    return 0;
}
