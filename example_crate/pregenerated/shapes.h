/* A small C library: enough to show what bindgen's layout tests look like. */
#include <stddef.h>
#include <stdint.h>

struct point {
    int32_t x;
    int32_t y;
};

/* Padding after `kind`, and at the end. */
struct label {
    char kind;
    double weight;
    uint16_t flags;
};

/* Embeds another: its layout changes with `point`. */
struct segment {
    struct point from;
    struct point to;
    uint8_t style;
};

union number {
    int64_t integer;
    double real;
    uint8_t bytes[8];
};

struct permissions {
    unsigned int read : 1;
    unsigned int write : 1;
    unsigned int mode : 6;
    uint8_t owner;
};

enum colour { COLOUR_RED, COLOUR_GREEN, COLOUR_BLUE = 10 };

struct palette {
    enum colour first;
    uint8_t rgb[3][4];
    size_t used;
};

typedef int (*visitor)(struct point *, void *);

struct callbacks {
    visitor on_point;
    void *context;
};

/* An anonymous member: bindgen names it. */
struct tagged {
    int tag;
    union {
        struct point point;
        union number number;
    };
};

struct handle {
    void *opaque;
};

int shapes_area(const struct segment *edges, size_t count);
