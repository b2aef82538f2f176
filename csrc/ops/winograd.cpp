#include "ops/winograd.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>

#include "base/check.h"
#include "base/memory.h"
#include "kernels/table.h"
#include "ops/tap_gemm.h"

namespace fastcnn {
namespace {

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Tiles that go through the GEMMs together: few, so that their terms stay in L2, but more where the
// transformed filters come from memory, so that each number meets more tiles.
constexpr int64_t kChunkTiles = 12;
constexpr int64_t kLongChunkTiles = 24;
constexpr int64_t kCachedFilterBytes = 16 << 20;
// With fewer chunks than this, work is also cut over output channels.
constexpr int64_t kLeastChunks = 8;
// Input tiles of an item, where they are transformed in a phase of their own.
constexpr int64_t kTransformItems = 8;
// Between rows and between terms: a cache line, so that they do not share places in L1.
constexpr int64_t kGap = 16;
// Rows of a filter that are transformed together; with 9 taps they stay in L1.
constexpr int64_t kFilterRows = 8;

// What was measured, in multiply-adds at the machine's peak: transforms, for each term of a
// channel,
constexpr double kInputTerm2 = 6.7, kInputTerm4 = 13.4;
constexpr double kOutputTerm = 17.2;
// reading or making a number of the (transformed) filters, where they stay in cache and where not,
constexpr double kReadCached = 0.5, kReadFar = 3;
constexpr double kPackCached = 5, kPackFar = 40;
constexpr double kTransformCached = 15, kTransformFar = 45;
constexpr double kCachedPackBytes = 3 << 20;
// and products of fewer rows than hide the latency of a multiply-add.
constexpr double kLeastRows = 4;
// The direct algorithm rounds less, so Winograd has to be worth it.
constexpr double kWorthwhile = 0.9;

std::atomic<bool>& enabled() {
  static std::atomic<bool> value = [] {
    const char* text = std::getenv("FASTCNN_WINOGRAD");
    return text == nullptr || std::string(text) != "0";
  }();
  return value;
}

// Numbers of the filters and how often they come from where they are kept, in multiply-adds.
double filter_cost(double numbers, double passes, bool kept, double make_cached, double make_far) {
  const double bytes = 4 * numbers;
  const double make = kept ? 0 : (bytes <= kCachedPackBytes ? make_cached : make_far);
  const double read = bytes <= static_cast<double>(kCachedFilterBytes) ? kReadCached : kReadFar;
  return numbers * (make + passes * read);
}

// Taps that lie inside the image, over all positions of one axis.
int64_t taps_inside(int64_t positions, int64_t pad, int64_t size) {
  int64_t taps = 0;
  for (int64_t t = 0; t < 3; ++t)
    taps +=
        std::max<int64_t>(0, std::min(positions, size + pad - t) - std::max<int64_t>(0, pad - t));
  return taps;
}

double direct_cost(const WinogradShape& shape, double filter, bool kept) {
  // The direct algorithm skips padding.
  const auto taps = static_cast<double>(
                        shape.images * taps_inside(shape.c_height, shape.pad_top, shape.a_height)) *
                    static_cast<double>(taps_inside(shape.c_width, shape.pad_left, shape.a_width));
  return filter * taps + filter_cost(9 * filter, 1, kept, kPackCached, kPackFar);
}

double winograd_cost(const WinogradShape& shape, int64_t tile, double filter, bool kept) {
  const auto terms = static_cast<double>((tile + 2) * (tile + 2));
  const auto tiles = static_cast<double>(shape.images * ceil_div(shape.c_height, tile) *
                                         ceil_div(shape.c_width, tile));
  const double input =
      (tile == 2 ? kInputTerm2 : kInputTerm4) * static_cast<double>(shape.a_channels);
  const double output = kOutputTerm * static_cast<double>(shape.c_channels);
  const double passes = std::max(1.0, tiles / static_cast<double>(kLongChunkTiles));
  return terms * (std::max(tiles, kLeastRows) * filter + tiles * (input + output)) +
         filter_cost(terms * filter, passes, kept, kTransformCached, kTransformFar);
}

// The tile that is expected to be fastest; 0, the direct algorithm, only if that may be chosen.
int64_t cheapest_tile(const WinogradShape& shape, bool kept, bool direct_too) {
  // The direct algorithm wastes no lanes there.
  if (direct_too && few_columns_pay(shape.c_channels, 3 * shape.a_channels)) return 0;
  const int64_t lanes = kernels().lanes;
  const double filter = static_cast<double>(shape.a_channels) *
                        static_cast<double>(ceil_div(shape.c_channels, lanes) * lanes);
  const double by_2 = winograd_cost(shape, 2, filter, kept);
  const double by_4 = winograd_cost(shape, 4, filter, kept);
  if (direct_too && std::min(by_2, by_4) > kWorthwhile * direct_cost(shape, filter, kept)) return 0;
  return by_2 < by_4 ? 2 : 4;
}

}  // namespace

class WinogradStep final : public Step {
 public:
  WinogradStep(const StepSpec& spec, const WinogradShape& shape, int64_t tile, bool has_bias)
      : shape_(shape), tile_(tile), has_bias_(has_bias), kernels_(kernels()) {
    const int64_t stored_height = shape.pooled ? shape.c_height / 2 : shape.c_height;
    const int64_t stored_width = shape.pooled ? shape.c_width / 2 : shape.c_width;
    stored_tile_ = shape.pooled ? tile / 2 : tile;
    stored_height_ = stored_height;
    stored_width_ = stored_width;
    tiles_high_ = ceil_div(stored_height, stored_tile_);
    tiles_wide_ = ceil_div(stored_width, stored_tile_);
    tiles_ = shape.images * tiles_high_ * tiles_wide_;
    terms_ = (tile + 2) * (tile + 2);
    width_ =
        kernels_.lanes * std::min(kernels_.gemm_vectors,
                                  ceil_div(std::max<int64_t>(1, shape.c_channels), kernels_.lanes));
    panels_ = ceil_div(shape.c_channels, width_);
    u_term_ = shape.a_channels * width_ + kGap;
    const int64_t filter_bytes = panels_ * terms_ * u_term_ * 4;
    const int64_t wanted = filter_bytes > kCachedFilterBytes ? kLongChunkTiles : kChunkTiles;
    chunks_ = ceil_div(tiles_, kernels_.gemm_rows * ceil_div(wanted, kernels_.gemm_rows));
    chunk_tiles_ = ceil_div(tiles_, std::max<int64_t>(1, chunks_));
    fused_ = chunks_ >= kLeastChunks;
    v_row_ = ceil_div(shape.a_channels, kGap) * kGap + kGap;
    v_term_ = chunk_tiles_ * v_row_ + kGap;
    m_term_ = chunk_tiles_ * width_ + kGap;
    transform_tiles_ =
        std::clamp<int64_t>(tiles_ / kTransformItems, 1, std::max<int64_t>(1, chunk_tiles_));
    packing_ = {1,
                std::string(kernels_.isa) + " winograd " + std::to_string(tile) +
                    (shape.input_grad ? " input grad " : " ") + spec.inputs[1].shape.text() +
                    " panels of " + std::to_string(width_),
                filter_bytes, panels_};
  }

  int phases() const override { return fused_ ? 1 : 2; }
  int64_t items(int phase) const override {
    if (fused_) return chunks_;
    return phase == 0 ? ceil_div(tiles_, transform_tiles_) : panels_ * chunks_;
  }
  int64_t scratch_bytes() const override { return fused_ ? 0 : chunks_ * terms_ * v_term_ * 4; }
  int64_t thread_scratch_bytes() const override {
    return zero_bytes() + align_up(terms_ * m_term_ * 4) + (fused_ ? terms_ * v_term_ * 4 : 0);
  }
  const Packing* packing() const override { return &packing_; }
  Cost cost() const override {
    const double tiles = static_cast<double>(tiles_ * terms_);
    const double a = static_cast<double>(shape_.a_channels),
                 c = static_cast<double>(shape_.c_channels);
    const double pixels_a = static_cast<double>(shape_.images * shape_.a_height * shape_.a_width);
    const double pixels_c = static_cast<double>(shape_.images * stored_height_ * stored_width_);
    return {2 * tiles * a * c, 4 * (pixels_a * a + pixels_c * c + 9 * a * c)};
  }

  void run(int phase, int64_t item, const Buffers& at) const noexcept override {
    if (fused_) {
      float* v = reinterpret_cast<float*>(at.thread_scratch + zero_bytes() +
                                          align_up(terms_ * m_term_ * 4));
      transform(chunk_begin(item), chunk_begin(item + 1), v, at);
      for (int64_t p = 0; p < panels_; ++p) multiply(item, p, v, at);
      return;
    }
    auto* v = reinterpret_cast<float*>(at.scratch);
    if (phase == 1)
      return multiply(item % chunks_, item / chunks_, chunk_terms(v, item % chunks_), at);
    int64_t tile = item * transform_tiles_;
    const int64_t end = std::min(tiles_, tile + transform_tiles_);
    for (int64_t chunk = tile * chunks_ / tiles_; tile < end; ++chunk) {
      // The first tiles of chunks are rounded down, so the guess may be one too early.
      const int64_t stop = std::min(end, chunk_begin(chunk + 1));
      if (stop <= tile) continue;
      transform(tile, stop, chunk_terms(v, chunk) + (tile - chunk_begin(chunk)) * v_row_, at);
      tile = stop;
    }
  }

  void pack(int64_t p, const void* input, std::byte* packed) const noexcept override {
    const int64_t in = shape_.a_channels, out = shape_.c_channels;
    const auto* kernel = static_cast<const float*>(input);
    float* panel = reinterpret_cast<float*>(packed) + p * terms_ * u_term_;
    const int64_t columns = std::min(width_, out - p * width_);
    alignas(kAlignment) float taps[9 * kFilterRows * kMostGemmColumns];
    WinogradFilter filter{};
    filter.tile = tile_;
    filter.width = width_;
    filter.taps = taps;
    filter.term = u_term_;
    for (int64_t row = 0; row < in; row += kFilterRows) {
      filter.rows = std::min(kFilterRows, in - row);
      filter.terms = panel + row * width_;
      for (int64_t t = 0; t < 9; ++t) {
        float* tap = taps + t * filter.rows * width_;
        if (shape_.input_grad)
          kernels_.pack_columns(filter.rows, columns, width_,
                                kernel + ((8 - t) * out + p * width_) * in + row, in, tap);
        else
          kernels_.pack_rows(filter.rows, columns, width_,
                             kernel + (t * in + row) * out + p * width_, out, tap);
      }
      kernels_.winograd_filter(filter);
    }
  }

 private:
  static constexpr int64_t kMostTerms = 36;

  int64_t chunk_begin(int64_t chunk) const { return tiles_ * chunk / chunks_; }
  float* chunk_terms(float* v, int64_t chunk) const { return v + chunk * terms_ * v_term_; }
  int64_t zero_bytes() const { return align_up(shape_.a_channels * 4); }

  struct Place {
    int64_t image, row, column;  // of a tile, in pixels that are stored
  };
  Place place(int64_t tile) const {
    return {tile / (tiles_high_ * tiles_wide_), tile / tiles_wide_ % tiles_high_ * stored_tile_,
            tile % tiles_wide_ * stored_tile_};
  }

  // Terms of input tiles [from, to), a row a tile.
  void transform(int64_t from, int64_t to, float* v, const Buffers& at) const noexcept {
    auto* zeros = reinterpret_cast<float*>(at.thread_scratch);
    std::memset(zeros, 0, static_cast<size_t>(shape_.a_channels) * sizeof(float));
    const float* pixel[kMostTerms];
    WinogradInput input{tile_, shape_.a_channels, pixel, v, v_term_};
    const int64_t side = tile_ + 2;
    const int64_t scale = shape_.pooled ? 2 : 1;
    for (int64_t t = from; t < to; ++t, input.terms += v_row_) {
      const Place tile = place(t);
      const float* image =
          at.input(0) + tile.image * shape_.a_height * shape_.a_width * shape_.a_channels;
      const int64_t top = tile.row * scale - shape_.pad_top;
      const int64_t left = tile.column * scale - shape_.pad_left;
      for (int64_t r = 0; r < side; ++r)
        for (int64_t s = 0; s < side; ++s) {
          const int64_t y = top + r, x = left + s;
          const bool inside = y >= 0 && y < shape_.a_height && x >= 0 && x < shape_.a_width;
          pixel[r * side + s] =
              inside ? image + (y * shape_.a_width + x) * shape_.a_channels : zeros;
        }
      kernels_.winograd_input(input);
    }
  }

  // The output pixels of a chunk's tiles, for one panel of channels.
  void multiply(int64_t chunk, int64_t p, const float* v, const Buffers& at) const noexcept {
    const int64_t from = chunk_begin(chunk);
    const int64_t count = chunk_begin(chunk + 1) - from;
    auto* m = reinterpret_cast<float*>(at.thread_scratch + zero_bytes());
    const GemmTap tap{0, 0};
    int64_t v_rows[kMostGemmRows], m_rows[kMostGemmRows];
    for (int64_t i = 0; i < kernels_.gemm_rows; ++i) {
      v_rows[i] = i * v_row_;
      m_rows[i] = i * width_;
    }
    GemmTile g{};
    g.columns = width_;
    g.batch = 1;
    g.depth = shape_.a_channels;
    g.tap = &tap;
    g.a_row = v_rows;
    g.b = reinterpret_cast<const float*>(at.packed) + p * terms_ * u_term_;
    g.b_stride = width_;
    g.c_row = m_rows;
    g.activation = Activation::none;
    const int64_t blocks = ceil_div(count, kernels_.gemm_rows);
    for (int64_t term = 0; term < terms_; ++term, g.b += u_term_)
      for (int64_t block = 0; block < blocks; ++block) {
        const int64_t first = count * block / blocks;
        g.rows = count * (block + 1) / blocks - first;
        g.a = v + term * v_term_ + first * v_row_;
        g.c = m + term * m_term_ + first * width_;
        kernels_.gemm_tile(g);
      }
    store_tiles(from, count, p, m, at);
  }

  void store_tiles(int64_t from, int64_t count, int64_t p, const float* m,
                   const Buffers& at) const noexcept {
    const int64_t channel = p * width_;
    WinogradOutput output{};
    output.tile = tile_;
    output.columns = std::min(width_, shape_.c_channels - channel);
    output.term = m_term_;
    output.bias = has_bias_ ? at.input(2) + channel : nullptr;
    output.activation = shape_.activation;
    output.pooled = shape_.pooled;
    output.y_pixel = shape_.c_channels;
    output.y_row = stored_width_ * shape_.c_channels;
    const bool has_argmax = outputs.size() == 2;
    for (int64_t t = 0; t < count; ++t) {
      const Place tile = place(from + t);
      const int64_t to = ((tile.image * stored_height_ + tile.row) * stored_width_ + tile.column) *
                             shape_.c_channels +
                         channel;
      output.terms = m + t * width_;
      output.rows = std::min(stored_tile_, stored_height_ - tile.row);
      output.row_pixels = std::min(stored_tile_, stored_width_ - tile.column);
      output.y = at.output(0) + to;
      output.argmax = has_argmax ? at.output<uint8_t>(1) + to : nullptr;
      kernels_.winograd_output(output);
    }
  }

  WinogradShape shape_;
  int64_t tile_;
  bool has_bias_;
  const KernelTable& kernels_;
  int64_t terms_ = 0;
  // What is stored: the output, or the pooled output.
  int64_t stored_tile_ = 0, stored_height_ = 0, stored_width_ = 0;
  int64_t tiles_high_ = 0, tiles_wide_ = 0, tiles_ = 0;
  int64_t width_ = 0, panels_ = 0;  // columns of a panel of transformed filters
  int64_t chunks_ = 0, chunk_tiles_ = 0;
  // An item transforms its input tiles itself. Otherwise a first phase does it for all items.
  bool fused_ = false;
  int64_t transform_tiles_ = 0;
  int64_t u_term_ = 0, v_row_ = 0, v_term_ = 0, m_term_ = 0;  // distances in floats
  Packing packing_;
};

WinogradShape winograd_shape(const ConvShape& conv, bool input_grad) {
  const WindowAxis& h = conv.window.height;
  const WindowAxis& w = conv.window.width;
  if (!input_grad)
    return {conv.batch,
            h.in,
            w.in,
            conv.in_channels,
            h.out,
            w.out,
            conv.out_channels,
            h.window.pad_before,
            w.window.pad_before,
            false,
            false,
            Activation::none};
  return {conv.batch,
          h.out,
          w.out,
          conv.out_channels,
          h.in,
          w.in,
          conv.in_channels,
          2 - h.window.pad_before,
          2 - w.window.pad_before,
          true,
          false,
          Activation::none};
}

int64_t winograd_tile(const StepSpec& spec, const ConvShape& conv, const WinogradShape& shape) {
  const std::string& algorithm = spec.attrs.text("algorithm");
  if (algorithm == "direct") return 0;
  const bool automatic = algorithm == "auto";
  check(automatic || algorithm == "winograd" || algorithm == "winograd_2x2" ||
            algorithm == "winograd_4x4",
        spec.op,
        ": algorithm must be 'auto', 'direct', 'winograd', 'winograd_2x2' or "
        "'winograd_4x4', got '",
        algorithm, "'");
  const Window1d& h = conv.window.height.window;
  const Window1d& w = conv.window.width.window;
  const bool fits = h.size == 3 && w.size == 3 && h.stride == 1 && w.stride == 1 &&
                    h.dilation == 1 && w.dilation == 1 && conv.groups == 1;
  check(automatic || fits, spec.op, ": algorithm '", algorithm,
        "' computes 3x3 windows with stride 1, dilation 1 and one group, got ", h.size, "x", w.size,
        " with strides ", h.stride, "x", w.stride, ", dilation ", h.dilation, "x", w.dilation,
        " and ", conv.groups, " groups; use 'auto' or 'direct'");
  if (algorithm == "winograd_2x2") return 2;
  if (algorithm == "winograd_4x4") return 4;
  if (!fits || (automatic && !winograd_enabled())) return 0;
  return cheapest_tile(shape, spec.lasts(1), automatic);
}

bool winograd_enabled() { return enabled(); }
void set_winograd(bool on) { enabled() = on; }

std::unique_ptr<Step> make_winograd(const StepSpec& spec, const WinogradShape& shape, int64_t tile,
                                    bool has_bias) {
  return std::make_unique<WinogradStep>(spec, shape, tile, has_bias);
}

}  // namespace fastcnn
