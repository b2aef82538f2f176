#include "ops/convolution/winograd.h"

#include <algorithm>
#include <cstring>

#include "base/memory.h"
#include "kernels/convolution/table.h"
#include "kernels/dispatch/table.h"
#include "kernels/products/table.h"
#include "kernels/simd/epilogue.h"
#include "ops/convolution/winograd_tiles.h"

namespace fastcnn {
namespace {

// Tiles that go through the GEMMs together: few, so that their terms stay in L2, but more where the
// transformed filters come from memory, so that each number meets more tiles.
constexpr int64_t kChunkTiles = 12;
constexpr int64_t kLongChunkTiles = 24;
// With fewer chunks than this, work is also cut over output channels.
constexpr int64_t kLeastChunks = 8;
// Input tiles of an item, where they are transformed in a phase of their own.
constexpr int64_t kTransformItems = 8;
// Rows of a filter that are transformed together; with 9 taps they stay in L1.
constexpr int64_t kFilterRows = 8;

}  // namespace

class WinogradStep final : public Operator {
 public:
  WinogradStep(const OperatorSpec& spec, const WinogradShape& shape, int64_t tile,
               const Epilogue& epilogue)
      : shape_(shape), tile_(tile), epilogue_(epilogue), kernels_(kernels()) {
    const int64_t stored_height = shape.pooled ? shape.c_height / 2 : shape.c_height;
    const int64_t stored_width = shape.pooled ? shape.c_width / 2 : shape.c_width;
    stored_tile_ = shape.pooled ? tile / 2 : tile;
    stored_height_ = stored_height;
    stored_width_ = stored_width;
    places_ = {shape.images, stored_height, stored_width, stored_tile_};
    tiles_ = places_.count();
    terms_ = (tile + 2) * (tile + 2);
    width_ =
        kernels_.lanes * std::min(kernels_.gemm.gemm_vectors,
                                  ceil_div(std::max<int64_t>(1, shape.c_channels), kernels_.lanes));
    panels_ = ceil_div(shape.c_channels, width_);
    u_term_ = shape.a_channels * width_ + kGap;
    const int64_t filter_bytes = panels_ * terms_ * u_term_ * 4;
    const int64_t wanted = filter_bytes > kCachedWinogradBytes ? kLongChunkTiles : kChunkTiles;
    chunks_ = ceil_div(tiles_, kernels_.gemm.gemm_rows * ceil_div(wanted, kernels_.gemm.gemm_rows));
    chunk_tiles_ = ceil_div(tiles_, std::max<int64_t>(1, chunks_));
    fused_ = chunks_ >= kLeastChunks;
    v_row_ = ceil_div(shape.a_channels, kGap) * kGap + kGap;
    v_term_ = chunk_tiles_ * v_row_ + kGap;
    m_term_ = chunk_tiles_ * width_ + kGap;
    transform_tiles_ =
        std::clamp<int64_t>(tiles_ / kTransformItems, 1, std::max<int64_t>(1, chunk_tiles_));
    packs_alone_ = !fused_ && !spec.lasts(1);
    packing_ = {1,
                std::string(kernels_.isa) + " winograd " + std::to_string(tile) +
                    (shape.input_grad ? " input grad " : " ") + spec.inputs[1].shape.text() +
                    " panels of " + std::to_string(width_),
                filter_bytes, panels_};
  }

  int phases() const override { return fused_ ? 1 : 2; }
  int64_t items(int phase) const override {
    if (fused_) return chunks_;
    if (phase == 0) return ceil_div(tiles_, transform_tiles_);
    return packs_alone_ ? panels_ : panels_ * chunks_;
  }
  int64_t scratch_bytes() const override { return fused_ ? 0 : chunks_ * terms_ * v_term_ * 4; }
  int64_t thread_scratch_bytes() const override {
    return zero_bytes() + align_up(terms_ * m_term_ * 4) + (fused_ ? terms_ * v_term_ * 4 : 0) +
           (packs_alone_ ? terms_ * u_term_ * 4 : 0);
  }
  const Packing* packing() const override { return packs_alone_ ? nullptr : &packing_; }
  std::string algorithm() const override {
    return "winograd_" + std::to_string(tile_) + "x" + std::to_string(tile_);
  }
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
      for (int64_t p = 0; p < panels_; ++p) multiply(item, p, v, panel(p, at), at);
      return;
    }
    auto* v = reinterpret_cast<float*>(at.scratch);
    if (phase == 1 && packs_alone_) {
      auto* own = reinterpret_cast<float*>(at.thread_scratch + zero_bytes() +
                                           align_up(terms_ * m_term_ * 4));
      pack_panel(item, at.input(1), own);
      for (int64_t chunk = 0; chunk < chunks_; ++chunk)
        multiply(chunk, item, chunk_terms(v, chunk), own, at);
      return;
    }
    if (phase == 1) {
      const int64_t chunk = item % chunks_;
      return multiply(chunk, item / chunks_, chunk_terms(v, chunk), panel(item / chunks_, at), at);
    }
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
    pack_panel(p, static_cast<const float*>(input),
               reinterpret_cast<float*>(packed) + p * terms_ * u_term_);
  }

 private:
  int64_t chunk_begin(int64_t chunk) const { return tiles_ * chunk / chunks_; }
  float* chunk_terms(float* v, int64_t chunk) const { return v + chunk * terms_ * v_term_; }
  int64_t zero_bytes() const { return align_up(shape_.a_channels * 4); }
  // Transformed filters for the channels of panel p.
  const float* panel(int64_t p, const Buffers& at) const {
    return reinterpret_cast<const float*>(at.packed) + p * terms_ * u_term_;
  }

  void pack_panel(int64_t p, const float* kernel, float* panel) const noexcept {
    const int64_t in = shape_.a_channels, out = shape_.c_channels;
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
          kernels_.gemm.pack_columns(filter.rows, columns, width_,
                                     kernel + ((8 - t) * out + p * width_) * in + row, in, tap);
        else
          kernels_.gemm.pack_rows(filter.rows, columns, width_,
                                  kernel + (t * in + row) * out + p * width_, out, tap);
      }
      kernels_.winograd.winograd_filter(filter);
    }
  }

  // Terms of input tiles [from, to), a row a tile.
  void transform(int64_t from, int64_t to, float* v, const Buffers& at) const noexcept {
    auto* zeros = reinterpret_cast<float*>(at.thread_scratch);
    std::memset(zeros, 0, static_cast<size_t>(shape_.a_channels) * sizeof(float));
    const float* pixel[kMostTerms];
    WinogradInput input{tile_, shape_.a_channels, pixel, v, v_term_};
    const Image image{at.input(0), shape_.a_height, shape_.a_width, shape_.a_channels};
    const int64_t scale = shape_.pooled ? 2 : 1;
    for (int64_t t = from; t < to; ++t, input.terms += v_row_) {
      const TilePlace tile = places_.at(t);
      tile_pixels(image, tile.image, tile.row * scale - shape_.pad_top,
                  tile.column * scale - shape_.pad_left, tile_ + 2, zeros, pixel);
      kernels_.winograd.winograd_input(input);
    }
  }

  // The output pixels of a chunk's tiles, for one panel of channels.
  void multiply(int64_t chunk, int64_t p, const float* v, const float* filters,
                const Buffers& at) const noexcept {
    const int64_t from = chunk_begin(chunk);
    const int64_t count = chunk_begin(chunk + 1) - from;
    auto* m = reinterpret_cast<float*>(at.thread_scratch + zero_bytes());
    const GemmTap tap{0, 0};
    int64_t v_rows[kMostGemmRows], m_rows[kMostGemmRows];
    for (int64_t i = 0; i < kernels_.gemm.gemm_rows; ++i) {
      v_rows[i] = i * v_row_;
      m_rows[i] = i * width_;
    }
    GemmTile g{};
    g.columns = width_;
    g.batch = 1;
    g.depth = shape_.a_channels;
    g.tap = &tap;
    g.a_row = v_rows;
    g.b = filters;
    g.b_stride = width_;
    g.c_row = m_rows;
    g.activation = Activation::none;
    const int64_t blocks = ceil_div(count, kernels_.gemm.gemm_rows);
    for (int64_t term = 0; term < terms_; ++term, g.b += u_term_)
      for (int64_t block = 0; block < blocks; ++block) {
        const int64_t first = count * block / blocks;
        g.rows = count * (block + 1) / blocks - first;
        g.a = v + term * v_term_ + first * v_row_;
        g.c = m + term * m_term_ + first * width_;
        kernels_.gemm.gemm_tile(g);
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
    const float* bias = epilogue_.bias_of(at);
    const float* residual = epilogue_.residual_of(at);
    output.bias = bias != nullptr ? bias + channel : nullptr;
    output.activation = epilogue_.activation;
    output.pooled = shape_.pooled;
    output.y_pixel = shape_.c_channels;
    output.y_row = stored_width_ * shape_.c_channels;
    const bool has_argmax = outputs.size() == 2;
    for (int64_t t = 0; t < count; ++t) {
      const TilePlace tile = places_.at(from + t);
      const int64_t to = ((tile.image * stored_height_ + tile.row) * stored_width_ + tile.column) *
                             shape_.c_channels +
                         channel;
      output.terms = m + t * width_;
      output.rows = std::min(stored_tile_, stored_height_ - tile.row);
      output.row_pixels = std::min(stored_tile_, stored_width_ - tile.column);
      output.y = at.output(0) + to;
      output.residual = residual != nullptr ? residual + to : nullptr;
      output.argmax = has_argmax ? at.output<uint8_t>(1) + to : nullptr;
      kernels_.winograd.winograd_output(output);
    }
  }

  WinogradShape shape_;
  int64_t tile_;
  Epilogue epilogue_;
  const KernelTable& kernels_;
  int64_t terms_ = 0;
  // What is stored: the output, or the pooled output.
  int64_t stored_tile_ = 0, stored_height_ = 0, stored_width_ = 0;
  TilePlaces places_{};
  int64_t tiles_ = 0;
  int64_t width_ = 0, panels_ = 0;  // columns of a panel of transformed filters
  int64_t chunks_ = 0, chunk_tiles_ = 0;
  // An item transforms its input tiles itself. Otherwise a first phase does it for all items.
  bool fused_ = false;
  // Filters that are new in each run are not packed as a whole, four times as large as they are:
  // each panel is transformed by the item that multiplies with it.
  bool packs_alone_ = false;
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
            false};
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
          false};
}

std::unique_ptr<Operator> make_winograd(const OperatorSpec& spec, const WinogradShape& shape,
                                        int64_t tile, const Epilogue& epilogue) {
  return std::make_unique<WinogradStep>(spec, shape, tile, epilogue);
}

}  // namespace fastcnn
