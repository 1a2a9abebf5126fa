public class Solution {
    public static String writeRuns(String text) {
        StringBuilder out = new StringBuilder();
        for (int at = 0; at < text.length(); ) {
            int end = at;
            while (end < text.length() && text.charAt(end) == text.charAt(at) && end - at < 9) end++;
            out.append(text.charAt(at));
            if (end - at > 1) out.append(end - at);
            at = end;
        }
        return out.toString();
    }

    public static void main(String[] args) { System.out.println(writeRuns("aab")); }
}
