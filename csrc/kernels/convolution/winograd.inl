// The transforms of Winograd's minimal filtering F(m x m, 3 x 3) (Lavin and Gray, arXiv
// 1509.09308), vectorised over channels. A tile of (m + 2)^2 pixels and a filter become (m + 2)^2
// terms each; their products, summed over channels by a GEMM for every term, become m x m output
// pixels.
//
// F(2) interpolates at 0, 1, -1 and infinity, F(4) at 0, +-1/sqrt(2), +-sqrt(2) and infinity, which
// rounds several times less than the usual +-1, +-2 (Alam et al., arXiv 2201.10369, compare such
// points).

constexpr float kRootHalf = 0.70710678118654752f;
constexpr float kRoot2 = 1.41421356237309505f;

// One axis of each transform, as a type of its own for each tile size.
template <int kTile>
struct Winograd;

template <>
struct Winograd<2> {
  static constexpr int kTerms = 4;
  template <class T>
  static void input(const T* x, T* y) {
    y[0] = x[0] - x[2];
    y[1] = x[1] + x[2];
    y[2] = x[2] - x[1];
    y[3] = x[3] - x[1];
  }
  template <class T>
  static void filter(const T* x, T* y) {
    const T even = 0.5f * (x[0] + x[2]);
    y[0] = x[0];
    y[1] = even + 0.5f * x[1];
    y[2] = even - 0.5f * x[1];
    y[3] = x[2];
  }
  template <class T>
  static void output(const T* x, T* y) {
    y[0] = x[0] + x[1] + x[2];
    y[1] = x[1] - x[2] + x[3];
  }
  template <class T>
  static void grad_input(const T* x, T* y) {
    y[0] = x[0];
    y[1] = 0.5f * (x[0] + x[1]);
    y[2] = 0.5f * (x[0] - x[1]);
    y[3] = x[1];
  }
  template <class T>
  static void grad_output(const T* x, T* y) {
    const T sum = x[1] + x[2];
    y[0] = x[0] + sum;
    y[1] = x[1] - x[2];
    y[2] = sum + x[3];
  }
};

template <>
struct Winograd<4> {
  static constexpr int kTerms = 6;
  template <class T>
  static void input(const T* x, T* y) {
    const T even_a = x[4] - 2.0f * x[2], odd_a = x[3] - 2.0f * x[1];
    const T even_b = x[4] - 0.5f * x[2], odd_b = x[3] - 0.5f * x[1];
    y[0] = x[0] + (x[4] - 2.5f * x[2]);
    y[1] = even_a + kRootHalf * odd_a;
    y[2] = even_a - kRootHalf * odd_a;
    y[3] = even_b + kRoot2 * odd_b;
    y[4] = even_b - kRoot2 * odd_b;
    y[5] = x[1] + (x[5] - 2.5f * x[3]);
  }
  template <class T>
  static void filter(const T* x, T* y) {
    const T even_a = -2.0f / 3 * x[0] - 1.0f / 3 * x[2], odd_a = (2.0f / 3 * kRootHalf) * x[1];
    const T even_b = 1.0f / 6 * x[0] + 1.0f / 3 * x[2], odd_b = (1.0f / 6 * kRoot2) * x[1];
    y[0] = x[0];
    y[1] = even_a - odd_a;
    y[2] = even_a + odd_a;
    y[3] = even_b + odd_b;
    y[4] = even_b - odd_b;
    y[5] = x[2];
  }
  template <class T>
  static void output(const T* x, T* y) {
    const T sum_a = x[1] + x[2], difference_a = x[1] - x[2];
    const T sum_b = x[3] + x[4], difference_b = x[3] - x[4];
    y[0] = x[0] + sum_a + sum_b;
    y[1] = kRootHalf * difference_a + kRoot2 * difference_b;
    y[2] = 0.5f * sum_a + 2.0f * sum_b;
    y[3] = x[5] + (0.5f * kRootHalf) * difference_a + (2.0f * kRoot2) * difference_b;
  }
  template <class T>
  static void grad_input(const T* x, T* y) {
    const T even_a = -2.0f / 3 * x[0] - 1.0f / 3 * x[2];
    const T odd_a = (2.0f / 3 * kRootHalf) * x[1] + (1.0f / 3 * kRootHalf) * x[3];
    const T even_b = 1.0f / 6 * x[0] + 1.0f / 3 * x[2];
    const T odd_b = (1.0f / 6 * kRoot2) * x[1] + (1.0f / 3 * kRoot2) * x[3];
    y[0] = x[0];
    y[1] = even_a - odd_a;
    y[2] = even_a + odd_a;
    y[3] = even_b + odd_b;
    y[4] = even_b - odd_b;
    y[5] = x[3];
  }
  template <class T>
  static void grad_output(const T* x, T* y) {
    const T sum_a = x[1] + x[2], sum_b = x[3] + x[4];
    y[0] = x[0] + sum_a + sum_b;
    y[1] = kRootHalf * (x[1] - x[2]) + kRoot2 * (x[3] - x[4]);
    y[2] = 0.5f * sum_a + 2.0f * sum_b + x[5];
  }
};

template <int kTile>
void winograd_input_of(const WinogradInput& at) {
  constexpr int n = Winograd<kTile>::kTerms;
  for_row(at.channels, [&](int64_t i, int64_t count) {
    Vec half[n][n];  // half[column][term]
    for (int column = 0; column < n; ++column) {
      Vec x[n];
      for (int row = 0; row < n; ++row) x[row] = load_head(at.pixel[row * n + column] + i, count);
      Winograd<kTile>::input(x, half[column]);
    }
    float* terms = at.terms + i;
    for (int row = 0; row < n; ++row) {
      Vec x[n], y[n];
      for (int column = 0; column < n; ++column) x[column] = half[column][row];
      Winograd<kTile>::input(x, y);
      for (int column = 0; column < n; ++column, terms += at.term)
        store_head(terms, y[column], count);
    }
  });
}

template <int kTile>
void winograd_filter_of(const WinogradFilter& at) {
  constexpr int n = Winograd<kTile>::kTerms;
  const int64_t size = at.rows * at.width;
  for (int64_t i = 0; i < size; i += kLanes) {
    Vec half[3][n];
    for (int column = 0; column < 3; ++column) {
      Vec x[3];
      for (int row = 0; row < 3; ++row) x[row] = load(at.taps + (row * 3 + column) * size + i);
      Winograd<kTile>::filter(x, half[column]);
    }
    float* terms = at.terms + i;
    for (int row = 0; row < n; ++row) {
      Vec x[3], y[n];
      for (int column = 0; column < 3; ++column) x[column] = half[column][row];
      Winograd<kTile>::filter(x, y);
      for (int column = 0; column < n; ++column, terms += at.term) store(terms, y[column]);
    }
  }
}

template <int kTile>
void winograd_output_of(const WinogradOutput& at) {
  constexpr int n = Winograd<kTile>::kTerms;
  for_row(at.columns, [&](int64_t i, int64_t count) {
    Vec half[n][kTile];  // half[column][row]
    for (int column = 0; column < n; ++column) {
      Vec x[n];
      for (int row = 0; row < n; ++row) x[row] = load(at.terms + (row * n + column) * at.term + i);
      Winograd<kTile>::output(x, half[column]);
    }
    const Vec bias = at.bias != nullptr ? load_head(at.bias + i, count) : Vec{};
    Vec pixel[kTile][kTile];
    for (int row = 0; row < kTile; ++row) {
      Vec x[n];
      for (int column = 0; column < n; ++column) x[column] = half[column][row];
      Winograd<kTile>::output(x, pixel[row]);
      for (Vec& y : pixel[row]) y += bias;
    }
    if (at.pooled) {
      for (int64_t row = 0; row < at.rows; ++row)
        for (int64_t column = 0; column < at.row_pixels; ++column) {
          const Vec* top = &pixel[2 * row][2 * column];
          const Vec* bottom = &pixel[2 * row + 1][2 * column];
          const PooledWindow window =
              pool_window({top[0], top[1], bottom[0], bottom[1]}, at.activation);
          const int64_t to = row * at.y_row + column * at.y_pixel + i;
          store_head(at.y + to, window.largest, count);
          if (at.argmax != nullptr) store_bytes(at.argmax + to, window.which, count);
        }
      return;
    }
    for (int64_t row = 0; row < at.rows; ++row)
      for (int64_t column = 0; column < at.row_pixels; ++column) {
        const int64_t to = row * at.y_row + column * at.y_pixel + i;
        Vec y = pixel[row][column];
        if (at.residual != nullptr) y += load_head(at.residual + to, count);
        if (at.activation != Activation::none) y = activate(y, at.activation);
        store_head(at.y + to, y, count);
      }
  });
}

template <int kTile>
void winograd_grad_input_of(const WinogradInput& at) {
  constexpr int n = Winograd<kTile>::kTerms;
  for_row(at.channels, [&](int64_t i, int64_t count) {
    Vec half[kTile][n];  // half[column][term]
    for (int column = 0; column < kTile; ++column) {
      Vec x[kTile];
      for (int row = 0; row < kTile; ++row)
        x[row] = load_head(at.pixel[row * kTile + column] + i, count);
      Winograd<kTile>::grad_input(x, half[column]);
    }
    float* terms = at.terms + i;
    for (int row = 0; row < n; ++row) {
      Vec x[kTile], y[n];
      for (int column = 0; column < kTile; ++column) x[column] = half[column][row];
      Winograd<kTile>::grad_input(x, y);
      for (int column = 0; column < n; ++column, terms += at.term)
        store_head(terms, y[column], count);
    }
  });
}

template <int kTile>
void winograd_grad_output_of(const WinogradGradOutput& at) {
  constexpr int n = Winograd<kTile>::kTerms;
  for_row(at.columns, [&](int64_t i, int64_t count) {
    Vec half[n][3];  // half[column][row]
    for (int column = 0; column < n; ++column) {
      Vec x[n];
      for (int row = 0; row < n; ++row) x[row] = load(at.terms + (row * n + column) * at.term + i);
      Winograd<kTile>::grad_output(x, half[column]);
    }
    for (int row = 0; row < 3; ++row) {
      Vec x[n], y[3];
      for (int column = 0; column < n; ++column) x[column] = half[column][row];
      Winograd<kTile>::grad_output(x, y);
      for (int column = 0; column < 3; ++column)
        store_head(at.taps + (row * 3 + column) * at.tap + i, y[column], count);
    }
  });
}

void winograd_input(const WinogradInput& at) noexcept {
  (at.tile == 2 ? winograd_input_of<2> : winograd_input_of<4>)(at);
}

void winograd_filter(const WinogradFilter& at) noexcept {
  (at.tile == 2 ? winograd_filter_of<2> : winograd_filter_of<4>)(at);
}

void winograd_output(const WinogradOutput& at) noexcept {
  (at.tile == 2 ? winograd_output_of<2> : winograd_output_of<4>)(at);
}

void winograd_grad_input(const WinogradInput& at) noexcept {
  (at.tile == 2 ? winograd_grad_input_of<2> : winograd_grad_input_of<4>)(at);
}

void winograd_grad_output(const WinogradGradOutput& at) noexcept {
  (at.tile == 2 ? winograd_grad_output_of<2> : winograd_grad_output_of<4>)(at);
}
