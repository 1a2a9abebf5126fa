#include <cctype>
#include <map>
#include <string>
#include <vector>

std::map<std::string, int> count_by_initial(const std::vector<std::string>& words, int shortest) {
    std::map<std::string, int> counts;
    for (const auto& word : words)
        if (!word.empty() && static_cast<int>(word.size()) >= shortest)
            counts[std::string(1, static_cast<char>(std::tolower(word[0])))]++;
    return counts;
}

int main() { return count_by_initial("a", "b"); }
