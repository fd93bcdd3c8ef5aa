#include <Python.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

/* Holes, one in the middle and one at the end with a field in it. */
struct frame {
    int kind;
    long line;
    short width, height;
    char flag;
    char tail;
};

struct flags {
    unsigned int ready : 1;
    unsigned int level : 3;
    unsigned int rest : 20;
    int count;
};

struct tagged {
    int tag;
    union {
        double real;
        struct { short low, high; };
        char text[12];
    };
    struct { int x, y; } at[2];
    int type;
};

union number {
    char c;
    long l;
    double parts[2];
};

typedef struct opaque opaque;
typedef struct { int a, b; } given;
typedef long shape_size;
enum shape_edge { SHAPE_SHARP, SHAPE_BLUNT };
typedef void (*shape_filter)(struct frame *, void *);
typedef int (*shape_visitor)(struct frame *, void *);
enum shape_kind { SHAPE_NONE, SHAPE_ROUND = 4, SHAPE_SQUARE };
typedef struct { enum shape_kind kind; long size; const char *name; } shape_default_t;

#define SHAPE_LIMIT 1024
#define SHAPE_ALL 0xFFFFFFFFu
#define SHAPE_ERROR (-1)
#define SHAPE_PI 3.25
#define SHAPE_NAME "shapes"
#define SHAPE_TITLE "shapes"
#define SHAPE_NOT_USED ((void *)1)
#define Shape_mode 7
#define SHAPE_CALL(x) ((x) + 1)
#define SHAPE_STATEMENT do { } while (0)
#define SHAPE_DEFAULT(name) { SHAPE_ROUND, 9, name },
#define shape_area(f) ((f)->width * (f)->height)

extern int shape_count;
extern const char *const shape_names[3];

int shape_open(const char *path, long flags, struct frame *out);
void shape_close(opaque *shape);
int shape_print(FILE *file, const char *format, ...);
long (shape_area)(const struct frame *frame);
uint64_t shape_hash(given value, size_t length, long long seed);
int shape_visit(struct frame *frame, shape_visitor visit, void *arg);
const char *shape_name(enum shape_kind kind);

/* A function of a struct's name. */
static inline int stat_of(struct stat *buffer) { return buffer != NULL; }
