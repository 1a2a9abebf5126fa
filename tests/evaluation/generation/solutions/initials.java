import java.util.HashMap;

public class Solution {
    public static Map<String, Integer> countByInitial(List<String> words, int shortest) {
        Map<String, Integer> counts = new HashMap<>();
        for (String word : words)
            if (!word.isEmpty() && word.length() >= shortest) counts.merge(word.substring(0, 1).toLowerCase(), 1, Integer::sum);
        return counts;
    }
}
