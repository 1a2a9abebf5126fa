#include <string>

std::string write_runs(const std::string& text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = at;
        while (end < text.size() && text[end] == text[at] && end - at < 9) end++;
        out += text[at];
        if (end - at > 1) out += std::to_string(end - at);
        at = end;
    }
    return out;
}
