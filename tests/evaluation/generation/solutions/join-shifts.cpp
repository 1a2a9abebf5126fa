#include <algorithm>
using namespace std;

vector<vector<int>> join_shifts(const vector<vector<int>>& shifts) {
    auto ordered = shifts;
    sort(ordered.begin(), ordered.end());
    vector<vector<int>> joined;
    for (const auto& shift : ordered) {
        if (!joined.empty() && shift[0] < joined.back()[1])
            joined.back()[1] = max(joined.back()[1], shift[1]);
        else
            joined.push_back(shift);
    }
    return joined;
}
