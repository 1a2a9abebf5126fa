import java.util.*;

public static List<List<Integer>> joinShifts(List<List<Integer>> shifts) {
    shifts.sort(Comparator.<List<Integer>>comparingInt(s -> s.get(0)).thenComparingInt(s -> s.get(1)));
    List<List<Integer>> joined = new ArrayList<>();
    for (List<Integer> shift : shifts) {
        List<Integer> last = joined.isEmpty() ? null : joined.get(joined.size() - 1);
        if (last != null && shift.get(0) < last.get(1)) last.set(1, Math.max(last.get(1), shift.get(1)));
        else joined.add(new ArrayList<>(shift));
    }
    return joined;
}
